// Package config is the configuration of one environment: its keys, their
// defaults, and a strict reader of the YAML files beside it.
package config

import "time"

// Config is everything that can be set for one environment. A key that a file
// leaves out keeps the value that [Default] gives it.
//
// The first paragraph of a field's comment is its line in the README and in the
// schema for editors.
type Config struct {
	// The first half of the stack's name.
	Project string `yaml:"project" validate:"name,max=64"`
	// The second half of the stack's name, and the file's own.
	Environment string `yaml:"environment" validate:"required,name,max=32"`
	// On every resource that takes tags; Project, Environment and ManagedBy are added.
	//
	// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
	Tags map[string]string `yaml:"tags" validate:"max=40,dive,keys,tagkey,endkeys,tagvalue"`

	// Without this block the service answers plain HTTP, under the balancer's own name.
	Domain *Domain `yaml:"domain"`
	// The VPC's layout.
	Network Network `yaml:"network"`
	// Which image is deployed, and where it is pushed.
	Image Image `yaml:"image"`
	// The container and how it is run.
	Service Service `yaml:"service"`
	// The number of tasks, and the targets that it follows.
	Scaling Scaling `yaml:"scaling"`
	// What stands between the world and the service.
	LoadBalancer LoadBalancer `yaml:"loadBalancer"`
	// The Aurora MySQL cluster.
	Database Database `yaml:"database"`
	// For every log group of the stack.
	Logs Logs `yaml:"logs"`
	// Who is notified of alarms, and what rolls a deployment back.
	Alarms Alarms `yaml:"alarms"`
	// What is measured and shown beyond the alarms.
	Monitoring Monitoring `yaml:"monitoring"`
	// The one repository and branch that may push releases.
	GitHub GitHub `yaml:"github"`

	// CloudFormation refuses to delete the stack.
	TerminationProtection bool `yaml:"terminationProtection"`
	// Data outlives the stack: images and access logs stay, the database leaves a snapshot. Otherwise everything goes with it.
	Retain bool `yaml:"retain"`
}

// Domain puts the service under a name in an existing public hosted zone, with
// TLS.
type Domain struct {
	// The hosted zone's name.
	//
	// ACM takes 64 characters.
	// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
	Name string `yaml:"name" validate:"required,max=64,domain"`
	// Its id in Route 53.
	HostedZoneID string `yaml:"hostedZoneId" validate:"required,zoneid"`
	// The service's name below the domain.
	Record string `yaml:"record" validate:"record"`
	// The certificate is also for every other name directly below the domain.
	Wildcard bool `yaml:"wildcard"`
}

// NAT says how tasks reach the internet.
type NAT string

// The ways to the internet.
const (
	NATPerZone NAT = "perZone" // a gateway in each zone: survives the loss of one
	NATSingle  NAT = "single"  // one gateway: half the cost, one zone's loss cuts both off
	NATNone    NAT = "none"    // no gateway: tasks have public addresses, closed to all but the balancer
)

// Network is the VPC's layout.
type Network struct {
	// Cut into sixteenths: two public, two private and two isolated subnets.
	//
	// A balancer needs a /27 at least, so the prefix is 16 to 23.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
	CIDR string `yaml:"cidr" validate:"network"`
	// How tasks reach the internet: a gateway in each zone, one for both, or public addresses that only the balancer can reach. A gateway costs 36.50 USD a month.
	NAT NAT `yaml:"nat" validate:"oneof=perZone single none"`
	// Log the network's traffic, at 0.50 USD a GB.
	//
	// A busy network is a few of them a day. https://aws.amazon.com/cloudwatch/pricing/
	FlowLogs bool `yaml:"flowLogs"`
}

// Image says which image is deployed, and where it is pushed.
type Image struct {
	// The ECR repository's name.
	Repository string `yaml:"repository" validate:"min=2,max=256,repository"`
	// The deploy tag: a push of it is a release.
	Tag string `yaml:"tag" validate:"imagetag"`
	// Number of releases that the lifecycle policy keeps, in addition to the one that last worked and the one under the deploy tag. ECR counts the index, the image and the attestation that `docker buildx` pushes one by one, so three entries are kept for each release: up to three times as many of images that are pushed alone.
	Keep int `yaml:"keep" validate:"min=1,max=1000"`
	// Deploy what is pushed. Otherwise a push is only reported, and `make retry` deploys it.
	AutoDeploy bool `yaml:"autoDeploy"`
}

// Architecture is the processor that images are built for.
type Architecture string

// The processors that Fargate offers.
const (
	X86 Architecture = "x86_64"
	ARM Architecture = "arm64"
)

// Service is the container and how it is run.
type Service struct {
	// Where the container listens, for HTTP.
	Port int `yaml:"port" validate:"min=1,max=65535"`
	// In 1/1024 of a virtual CPU, 29.55 USD a month for all of it.
	CPU int `yaml:"cpu" validate:"oneof=256 512 1024 2048 4096 8192 16384"`
	// 512, 1024 or 2048 with cpu 256; 1024 to 4096 with 512; 2 to 8 times the cpu
	// from 1024 on.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
	MemoryMiB int `yaml:"memoryMiB" validate:"min=512,max=122880"`
	// The processor that images are built for.
	Architecture Architecture `yaml:"architecture" validate:"oneof=x86_64 arm64"`

	// Variables for the container, as they are.
	Environment map[string]string `yaml:"environment" validate:"dive,keys,envname,endkeys"`
	// Variables for the container: the ARN of a secret, or ARN:KEY for one key of a JSON secret. If its suffix happens to be six small letters or six digits, end the value with a colon.
	Secrets map[string]string `yaml:"secrets" validate:"dive,keys,envname,endkeys,secretarn"`

	// So many tasks run on Fargate on demand, before the weights count.
	//
	// Limits: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
	OnDemandBase int `yaml:"onDemandBase" validate:"min=0,max=100000"`
	// The share of the other tasks on Fargate on demand.
	OnDemandWeight int `yaml:"onDemandWeight" validate:"min=0,max=1000"`
	// Their share on Fargate Spot, which is cheaper and may be interrupted.
	SpotWeight int `yaml:"spotWeight" validate:"min=0,max=1000"`

	// The command that the container runs, one item for each argument. Default: the image's own.
	Command []string `yaml:"command" validate:"max=100,dive,min=1"`
	// How long a task has to end after SIGTERM before ECS kills it. Default: 30s.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
	StopTimeout time.Duration `yaml:"stopTimeout" validate:"min=2s,max=2m"`
	// Restart the container within its task when it ends. The deployment's circuit breaker does not count these restarts, so a release that crashes can take longer to be rolled back.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-restart-policy.html
	Restart bool `yaml:"restart"`
	// What the application may do on AWS, as statements of its task role's policy.
	Permissions []Permission `yaml:"permissions" validate:"max=50,dive"`
	// Managed policies of the task role, as ARNs.
	//
	// Ten is the quota of a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	Policies []string `yaml:"policies" validate:"max=10,unique,dive,policyarn"`

	// Allow `aws ecs execute-command` into running tasks.
	Exec bool `yaml:"exec"`
	// The balancer's health check of a task.
	Health Health `yaml:"health"`

	// How long a stopping task may finish its requests.
	DeregistrationDelay time.Duration `yaml:"deregistrationDelay" validate:"min=0s,max=1h"`
	// Over how long a new task's share of requests grows; 0s is off.
	//
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
	SlowStart time.Duration `yaml:"slowStart" validate:"eq=0s|min=30s,max=15m"`
	// Keeps a client on one task.
	Stickiness Stickiness `yaml:"stickiness"`
	// Mount the container's root file system read-only, but for /tmp.
	ReadOnly bool `yaml:"readOnly"`
	// How releases are rolled out.
	Deployment Deployment `yaml:"deployment"`
}

// Permission is a statement of the task role's policy.
type Permission struct {
	// Actions that are allowed, such as s3:GetObject.
	Actions []string `yaml:"actions" validate:"required,min=1,max=50,dive,action"`
	// ARNs of the resources that they are allowed on. A bare * is refused.
	Resources []string `yaml:"resources" validate:"required,min=1,max=50,dive,resourcearn"`
}

// Health is the balancer's health check of a task.
// Limits: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
type Health struct {
	// What is asked for.
	Path string `yaml:"path" validate:"max=1024,urlpath"`
	// The answers of a healthy task.
	Codes string `yaml:"codes" validate:"httpcodes"`
	// Between two checks.
	Interval time.Duration `yaml:"interval" validate:"min=5s,max=5m"`
	// For an answer.
	Timeout time.Duration `yaml:"timeout" validate:"min=2s,max=2m"`
	// Good checks in a row that make a task healthy.
	Healthy int `yaml:"healthy" validate:"min=2,max=10"`
	// Bad checks in a row that make it unhealthy.
	Unhealthy int `yaml:"unhealthy" validate:"min=2,max=10"`
	// How long after its start a task's bad checks do not count.
	Grace time.Duration `yaml:"grace" validate:"min=0s,max=2h"`
}

// Stickiness keeps a client on one task for as long as the application's own
// cookie lives, Duration at most.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
type Stickiness struct {
	// Name of the application's own cookie. Sessions are sticky with the strategy rolling only.
	Cookie string `yaml:"cookie" validate:"max=4096,cookie"`
	// How long a client stays; 0s is off.
	Duration time.Duration `yaml:"duration" validate:"min=0s,max=168h"`
}

// Strategy is how a new image takes over from the running one.
type Strategy string

// The strategies that ECS has itself.
const (
	Rolling   Strategy = "rolling"   // task by task
	BlueGreen Strategy = "blueGreen" // all requests at once, to tasks that are all there
	Canary    Strategy = "canary"    // a few requests first, then all
	Linear    Strategy = "linear"    // more requests step by step
)

// Deployment is how releases are rolled out.
type Deployment struct {
	// Task by task; all requests at once; a few first; more step by step.
	Strategy Strategy `yaml:"strategy" validate:"oneof=rolling blueGreen canary linear"`
	// How long the old tasks stay after all requests have gone to the new ones, so that an alarm turns the release back at once; not with rolling.
	Bake time.Duration `yaml:"bake" validate:"min=0s,max=24h,minutes"`
	// After how long a deployment that could not even start a task is turned back.
	Deadline time.Duration `yaml:"deadline" validate:"min=5m,max=24h"`
	// Number of tasks that may fail before ECS rolls a deployment back; with rolling and blueGreen only.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
	Breaker int `yaml:"breaker" validate:"min=1,max=1000"`
}

// Scaling is the number of tasks, and the targets that it follows.
type Scaling struct {
	// Tasks that always run, 9 USD a month each at the default size.
	Min int `yaml:"min" validate:"min=1,max=5000"`
	// Tasks at most.
	Max int `yaml:"max" validate:"min=1,max=5000"`
	// Average CPU to aim at.
	CPUPercent float64 `yaml:"cpuPercent" validate:"min=1,max=100"`
	// Average memory to aim at.
	MemoryPercent float64 `yaml:"memoryPercent" validate:"min=1,max=100"`
	// Requests a minute and task to aim at.
	RequestsPerTarget int `yaml:"requestsPerTarget" validate:"min=1,max=1000000000"`
	// The pause after tasks were taken away.
	ScaleIn time.Duration `yaml:"scaleIn" validate:"min=0s,max=24h"`
	// The pause after tasks were added.
	ScaleOut time.Duration `yaml:"scaleOut" validate:"min=0s,max=24h"`
	// Other bounds from points of time on.
	//
	// 200 scheduled actions are a quota that AWS does not raise.
	// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html
	Schedule []Schedule `yaml:"schedule" validate:"max=200,dive"`
}

// Schedule sets the bounds of the number of tasks from a point of time on.
type Schedule struct {
	// When: minutes, hours, day of month, month, day of week, year.
	//
	// https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
	Cron string `yaml:"cron" validate:"required,cron6"`
	// Where it is that time.
	TimeZone string `yaml:"timeZone" validate:"zone"`
	// Tasks that always run from then on.
	Min *int `yaml:"min" validate:"required,min=0,max=5000"`
	// Tasks at most from then on; 0 stops the service.
	Max *int `yaml:"max" validate:"required,min=0,max=5000"`
}

// LoadBalancer is what stands between the world and the service.
type LoadBalancer struct {
	// Log each request to a bucket, which costs 0.023 USD a GB and month.
	//
	// https://aws.amazon.com/s3/pricing/
	AccessLogs bool `yaml:"accessLogs"`
	// A web application firewall that counts, or blocks, what its rules match; true counts. 8 USD a month, and 0.60 for a million requests.
	//
	// https://aws.amazon.com/waf/pricing/
	WAF Firewall `yaml:"waf" validate:"oneof=false count block"`
	// AWS refuses to delete the balancer.
	DeletionProtection bool `yaml:"deletionProtection"`
	// How long a connection may be idle before the load balancer closes it. A response that takes longer to begin ends as 504.
	//
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
	IdleTimeout time.Duration `yaml:"idleTimeout" validate:"min=1s,max=4000s"`
	// IPv4 networks that may connect. Default: everyone.
	//
	// Each takes a rule for each port of the 60 that a security group can have.
	// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
	Allow []string `yaml:"allow" validate:"max=25,unique,dive,peer"`
}

// Firewall is what the web application firewall does with a request that one of
// its rules matches.
type Firewall string

// What the firewall does.
const (
	FirewallOff   Firewall = "false" // there is none
	FirewallCount Firewall = "count" // lets it pass, and logs it: to see what would be blocked
	FirewallBlock Firewall = "block"
)

// SetBool reads the switch form: true counts.
func (f *Firewall) SetBool(on bool) {
	*f = FirewallOff
	if on {
		*f = FirewallCount
	}
}

// Database is the Aurora cluster.
type Database struct {
	// The first database in the cluster.
	Name string `yaml:"name" validate:"dbname"`
	// The master user.
	Username string `yaml:"username" validate:"dbuser"`

	// In Aurora capacity units of about 2 GiB, 87.60 USD a month each; at 0 an idle cluster pauses.
	//
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
	MinCapacity float64 `yaml:"minCapacity" validate:"min=0,max=256,halves"`
	// In Aurora capacity units.
	MaxCapacity float64 `yaml:"maxCapacity" validate:"min=1,max=256,halves"`
	// How long the cluster must be idle to pause; only with minCapacity 0.
	PauseAfter time.Duration `yaml:"pauseAfter" validate:"min=5m,max=24h"`

	// Instances that share the reads, the first ready to take over from the writer. Each costs its capacity.
	Readers int `yaml:"readers" validate:"min=0,max=15"`
	// How long backups are kept.
	BackupDays int `yaml:"backupDays" validate:"min=1,max=35"`
	// When they are made.
	BackupWindow string `yaml:"backupWindow" validate:"window"`
	// When AWS may maintain the cluster: half an hour that it chooses where this is empty. It must not overlap backupWindow: set it when you change that of a deployed stack.
	MaintenanceWindow string `yaml:"maintenanceWindow" validate:"omitempty,weekly"`
	// AWS refuses to delete the cluster.
	DeletionProtection bool `yaml:"deletionProtection"`
	// Use RDS Extended Support when the engine version is past its end of standard support, at about 0.10 USD an hour for each vCPU. It can't be changed with a deploy: set true for a cluster that was created by version 1.0.0.
	//
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/extended-support.html
	ExtendedSupport bool `yaml:"extendedSupport"`

	// How often the password changes, up to 999 days; 0s is never.
	//
	// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
	Rotation time.Duration `yaml:"rotation" validate:"eq=0s|min=4h,max=23976h,hours"`

	// With this block the container gets the whole connection string as one secret variable.
	ConnectionString *ConnectionString `yaml:"connectionString"`
}

// ConnectionString gives the container the whole connection string as one
// secret environment variable.
type ConnectionString struct {
	// The variable's name.
	Env string `yaml:"env" validate:"envname"`
	// With the places {host}, {reader}, {port}, {name}, {username} and {password}; {{ and }} are braces.
	Format string `yaml:"format" validate:"required,max=4096"`
}

// Logs is for every log group of the stack.
type Logs struct {
	// How long they are kept, and access logs too.
	RetentionDays int `yaml:"retentionDays" validate:"oneof=1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653"`
}

// Alarms says who is notified, and what rolls a deployment back.
type Alarms struct {
	// Subscribed to the alarm topic; AWS asks its owner to confirm.
	Email string `yaml:"email" validate:"omitempty,max=254,email,ascii"`
	// Percentage of requests that fail with a server error, of the tasks or of the load balancer, from which a deployment is rolled back. At least three must fail in a minute.
	ErrorPercent float64 `yaml:"errorPercent" validate:"min=0.1,max=100"`
	// Response time of the slowest twentieth of requests (p95) from which a deployment is rolled back; 0s is off.
	Latency time.Duration `yaml:"latency" validate:"eq=0s|min=1ms,max=1h"`
}

// Monitoring is what is measured and shown beyond the alarms, and costs.
// https://aws.amazon.com/cloudwatch/pricing/
type Monitoring struct {
	// Container Insights: the number of tasks that run, and an alarm when they are too few. About 8 USD a month.
	ContainerInsights bool `yaml:"containerInsights"`
	// A page with all graphs. 3 USD a month after an account's first three.
	Dashboard bool `yaml:"dashboard"`
}

// GitHub is the one repository and branch that may push releases.
type GitHub struct {
	// With it there is a role that GitHub's workflows of this repository can take on.
	Repository string `yaml:"repository" validate:"omitempty,githubrepo"`
	// The branch that may.
	//
	// A role that trusts a longer one would be above its quota of 2048 characters.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	Branch string `yaml:"branch" validate:"required,max=200,branch"`
}

// StackName is what CloudFormation knows the environment by.
func (c Config) StackName() string { return c.Project + "-" + c.Environment }

// Default is the configuration of a file that sets nothing but the environment.
func Default() Config {
	return Config{
		Project: "CloudStruct",
		Tags:    map[string]string{"Name": "DevOps-NZ"},
		Network: Network{CIDR: "10.0.0.0/16", NAT: NATPerZone, FlowLogs: true},
		Image:   Image{Repository: "my-api", Tag: "jellybean", Keep: 3, AutoDeploy: true},
		Service: Service{
			Port:           80,
			CPU:            256,
			MemoryMiB:      512,
			Architecture:   X86,
			OnDemandBase:   2,
			OnDemandWeight: 1,
			SpotWeight:     3,
			Health: Health{
				Path: "/api/health", Codes: "200",
				Interval: 15 * time.Second, Timeout: 5 * time.Second,
				Healthy: 2, Unhealthy: 2, Grace: time.Minute,
			},
			StopTimeout:         30 * time.Second,
			DeregistrationDelay: 30 * time.Second,
			SlowStart:           time.Minute,
			Stickiness:          Stickiness{Cookie: "CloudStruct_session", Duration: 24 * time.Hour},
			Deployment:          Deployment{Strategy: Rolling, Bake: 5 * time.Minute, Deadline: 20 * time.Minute, Breaker: 3},
		},
		Scaling: Scaling{
			Min: 2, Max: 20,
			CPUPercent: 70, MemoryPercent: 80, RequestsPerTarget: 1000,
			ScaleIn: 5 * time.Minute, ScaleOut: time.Minute,
		},
		LoadBalancer: LoadBalancer{AccessLogs: true, WAF: FirewallOff, DeletionProtection: true, IdleTimeout: time.Minute},
		Database: Database{
			Name: "appdb", Username: "dbadmin",
			MinCapacity: 0.5, MaxCapacity: 4, PauseAfter: 5 * time.Minute,
			Readers: 1, BackupDays: 7, BackupWindow: "02:00-03:00",
			DeletionProtection: true,
		},
		Logs:                  Logs{RetentionDays: 30},
		Alarms:                Alarms{ErrorPercent: 5},
		Monitoring:            Monitoring{ContainerInsights: true, Dashboard: true},
		GitHub:                GitHub{Branch: "main"},
		TerminationProtection: true,
		Retain:                true,
	}
}

// SetDefaults is what a domain block leaves out.
func (d *Domain) SetDefaults() { *d = Domain{Record: "server", Wildcard: true} }

// SetDefaults is what a schedule leaves out.
func (s *Schedule) SetDefaults() { *s = Schedule{TimeZone: "UTC"} }

// SetDefaults is what a connectionString block leaves out: the form that .NET's
// MySQL drivers take.
func (c *ConnectionString) SetDefaults() {
	*c = ConnectionString{
		Env:    "ConnectionStrings__DefaultConnection",
		Format: "Server={host};Port={port};Database={name};User={username};Password={password};",
	}
}
