// Package config is the configuration of one environment: its keys, their
// defaults, and a strict reader of the YAML files in this folder.
package config

import "time"

// Config is everything that can be set for one environment. A key that a file
// leaves out keeps the value that [Default] gives it.
//
// The first paragraph of a field's comment is its line in the README and in the
// schema for editors.
type Config struct {
	// The project's name, which is the first part of the stack's name. Default: CloudStruct. A change creates a new stack.
	Project string `yaml:"project" validate:"name,max=64"`
	// The environment's name, which is the last part of the stack's name and the name of the file without .yaml. A change creates a new stack.
	Environment string `yaml:"environment" validate:"required,name,max=32"`
	// Tags of every resource that can have them. The tags Project, Environment and ManagedBy are added. Default: Name with the value DevOps-NZ.
	//
	// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
	Tags map[string]string `yaml:"tags" validate:"max=40,dive,keys,tagkey,endkeys,tagvalue"`

	// The domain under which the service is reached by HTTPS. Default: no domain; the service is then reached by unencrypted HTTP under the load balancer's own name.
	Domain *Domain `yaml:"domain"`
	// The layout of the VPC.
	Network Network `yaml:"network"`
	// The image that is deployed, and the repository that it is pushed to.
	Image Image `yaml:"image"`
	// The container, and how ECS runs it.
	Service Service `yaml:"service"`
	// The number of tasks, and the targets that automatic scaling aims at.
	Scaling Scaling `yaml:"scaling"`
	// The load balancer in front of the service.
	LoadBalancer LoadBalancer `yaml:"loadBalancer"`
	// The Aurora MySQL cluster.
	Database Database `yaml:"database"`
	// Settings of every log group of the stack.
	Logs Logs `yaml:"logs"`
	// Who is notified of alarms, and the limits at which a deployment is rolled back.
	Alarms Alarms `yaml:"alarms"`
	// Metrics and graphs in addition to the alarms.
	Monitoring Monitoring `yaml:"monitoring"`
	// The GitHub repository and branch whose workflows can push releases.
	GitHub GitHub `yaml:"github"`

	// Whether CloudFormation refuses to delete the stack. Default: true.
	TerminationProtection bool `yaml:"terminationProtection"`
	// Whether data is kept when the stack is deleted: images and access logs stay, and the database leaves a snapshot. Default: true. With false, all data is deleted with the stack.
	Retain bool `yaml:"retain"`
}

// Domain puts the service under a name in an existing public hosted zone, with
// TLS.
type Domain struct {
	// The name of an existing public hosted zone in Route 53.
	//
	// ACM takes 64 characters.
	// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
	Name string `yaml:"name" validate:"required,max=64,domain"`
	// The ID of the hosted zone.
	HostedZoneID string `yaml:"hostedZoneId" validate:"required,zoneid"`
	// The service's name below the domain, or @ for the domain itself. Default: server.
	Record string `yaml:"record" validate:"record"`
	// Whether the certificate also covers every other name directly below the domain. Default: true.
	Wildcard bool `yaml:"wildcard"`
}

// NAT is how tasks reach the internet.
type NAT string

// The ways to the internet.
const (
	NATPerZone NAT = "perZone" // a gateway in each zone: survives the loss of one
	NATSingle  NAT = "single"  // one gateway: half the cost, one zone's loss cuts both off
	NATNone    NAT = "none"    // no gateway: tasks have public addresses, closed to all but the balancer
)

// Network is the VPC's layout.
type Network struct {
	// The VPC's IPv4 network. Two public, two private and two isolated subnets take one sixteenth each. Default: 10.0.0.0/16. A change replaces the VPC and everything in it.
	//
	// A balancer needs a /27 at least, so the prefix is 16 to 23.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
	CIDR string `yaml:"cidr" validate:"network"`
	// How tasks reach the internet: through a NAT gateway in each zone (perZone), through one gateway (single), or with public addresses that only the load balancer can reach (none). Default: perZone. A gateway costs 36.50 USD a month. With single, the loss of its zone cuts off all tasks.
	NAT NAT `yaml:"nat" validate:"oneof=perZone single none"`
	// Whether the VPC's traffic is logged. Default: true. Logs cost 0.50 USD a GB.
	//
	// A busy network is a few of them a day. https://aws.amazon.com/cloudwatch/pricing/
	FlowLogs bool `yaml:"flowLogs"`
}

// Image is the image that is deployed, and the repository that it is pushed to.
type Image struct {
	// The name of the ECR repository. Default: my-api. A change creates an empty repository.
	Repository string `yaml:"repository" validate:"min=2,max=256,repository"`
	// The image tag that is deployed. A push of this tag is a release. Default: jellybean.
	Tag string `yaml:"tag" validate:"imagetag"`
	// Number of releases that the lifecycle policy keeps, in addition to the one that last worked and the one under the deploy tag. ECR counts the index, the image and the attestation that `docker buildx` pushes one by one, so three entries are kept for each release: up to three times as many of images that are pushed alone. Default: 3.
	Keep int `yaml:"keep" validate:"min=1,max=1000"`
	// Whether a push of the deploy tag is deployed. Default: true. With false, a push is only reported, and `make retry` deploys it.
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
	// The TCP port on which the container accepts HTTP requests. Default: 80.
	Port int `yaml:"port" validate:"min=1,max=65535"`
	// CPU units of a task; 1024 is one vCPU. Default: 256. One vCPU costs 29.55 USD a month.
	CPU int `yaml:"cpu" validate:"oneof=256 512 1024 2048 4096 8192 16384"`
	// Memory of a task in MiB: 512, 1024 or 2048 with cpu 256; 1024 to 4096 with cpu 512; 2 to 8 times the CPU units from 1024 on. Default: 512.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
	MemoryMiB int `yaml:"memoryMiB" validate:"min=512,max=122880"`
	// The processor architecture that the images are built for. Default: x86_64.
	Architecture Architecture `yaml:"architecture" validate:"oneof=x86_64 arm64"`

	// Environment variables of the container, with their values. Default: none. They are not secret: anyone who can read the task definition can read them.
	Environment map[string]string `yaml:"environment" validate:"dive,keys,envname,endkeys"`
	// Secret environment variables of the container: the ARN of a Secrets Manager secret, ARN:KEY for one key of a JSON secret, or ARN:KEY:STAGE:VERSION, where each part can be empty. If the ARN's suffix happens to be six lower-case letters or six digits, end the value with a colon. Default: none.
	Secrets map[string]string `yaml:"secrets" validate:"dive,keys,envname,endkeys,secretarn"`

	// Number of tasks placed on on-demand Fargate before the weights apply. Default: 2.
	//
	// Limits: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
	OnDemandBase int `yaml:"onDemandBase" validate:"min=0,max=100000"`
	// The share of the remaining tasks on on-demand Fargate, relative to spotWeight. Default: 1.
	OnDemandWeight int `yaml:"onDemandWeight" validate:"min=0,max=1000"`
	// The share of the remaining tasks on Fargate Spot, relative to onDemandWeight. Default: 3. Spot is cheaper, but AWS can interrupt its tasks after a warning of two minutes.
	SpotWeight int `yaml:"spotWeight" validate:"min=0,max=1000"`

	// The command that the container runs, with one item for each argument. Default: the image's own command.
	Command []string `yaml:"command" validate:"max=100,dive,min=1"`
	// How long a task has to stop after SIGTERM before ECS kills it. Default: 30s.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
	StopTimeout time.Duration `yaml:"stopTimeout" validate:"min=2s,max=2m"`
	// Whether the container is restarted within its task when it exits. Default: false. The deployment's circuit breaker does not count these restarts, so a release that crashes can take longer to be rolled back.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-restart-policy.html
	Restart bool `yaml:"restart"`
	// Statements of the task role's policy, which state what the application can do on AWS. Default: none.
	Permissions []Permission `yaml:"permissions" validate:"max=50,dive"`
	// ARNs of managed policies of the task role. Default: none.
	//
	// Ten is the quota of a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	Policies []string `yaml:"policies" validate:"max=10,unique,dive,policyarn"`

	// Whether `aws ecs execute-command` can open a session in running tasks. Default: false. A session can read all secrets of the task.
	Exec bool `yaml:"exec"`
	// The balancer's health check of a task.
	Health Health `yaml:"health"`

	// How long a task that is being stopped can finish its requests. Default: 30s.
	DeregistrationDelay time.Duration `yaml:"deregistrationDelay" validate:"min=0s,max=1h"`
	// The time over which a new task's share of requests grows to its full size. Default: 1m; 0s turns it off.
	//
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
	SlowStart time.Duration `yaml:"slowStart" validate:"eq=0s|min=30s,max=15m"`
	// Sticky sessions, which send a client to the same task every time.
	Stickiness Stickiness `yaml:"stickiness"`
	// Whether the container's root file system is read-only, except /tmp. Default: false.
	ReadOnly bool `yaml:"readOnly"`
	// How releases are rolled out.
	Deployment Deployment `yaml:"deployment"`
}

// Permission is a statement of the task role's policy.
type Permission struct {
	// The actions that are allowed, such as s3:GetObject.
	Actions []string `yaml:"actions" validate:"required,min=1,max=50,dive,action"`
	// ARNs of the resources on which the actions are allowed. A bare * is refused.
	Resources []string `yaml:"resources" validate:"required,min=1,max=50,dive,resourcearn"`
}

// Health is the balancer's health check of a task.
// Limits: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
type Health struct {
	// The path that the health check requests. Default: /api/health.
	Path string `yaml:"path" validate:"max=1024,urlpath"`
	// The HTTP status codes of a healthy task. Default: 200.
	Codes string `yaml:"codes" validate:"httpcodes"`
	// The time between two health checks of a task. Default: 15s.
	Interval time.Duration `yaml:"interval" validate:"min=5s,max=5m"`
	// How long the health check waits for a response. Default: 5s.
	Timeout time.Duration `yaml:"timeout" validate:"min=2s,max=2m"`
	// Number of consecutive successful checks after which a task is healthy. Default: 2.
	Healthy int `yaml:"healthy" validate:"min=2,max=10"`
	// Number of consecutive failed checks after which a task is unhealthy and is replaced. Default: 2.
	Unhealthy int `yaml:"unhealthy" validate:"min=2,max=10"`
	// How long ECS ignores failed checks after a task has started. Default: 1m.
	Grace time.Duration `yaml:"grace" validate:"min=0s,max=2h"`
}

// Stickiness keeps a client on one task for as long as the application's own
// cookie lives, Duration at most.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
type Stickiness struct {
	// The name of the application's own session cookie. Default: CloudStruct_session. Sessions can be sticky with the strategy rolling only.
	Cookie string `yaml:"cookie" validate:"max=4096,cookie"`
	// How long a client is sent to the same task. Default: 24h; 0s turns sticky sessions off.
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
	// How requests move to a new release: task by task (rolling), all at once (blueGreen), a few first (canary), or step by step (linear). Default: rolling.
	Strategy Strategy `yaml:"strategy" validate:"oneof=rolling blueGreen canary linear"`
	// How long the old tasks are kept after all requests have moved to the new ones, so that an alarm rolls the release back at once. Default: 5m. It has no effect with rolling.
	Bake time.Duration `yaml:"bake" validate:"min=0s,max=24h,minutes"`
	// How long a deployment can take to start a task before it is rolled back. Default: 20m.
	Deadline time.Duration `yaml:"deadline" validate:"min=5m,max=24h"`
	// Number of tasks that can fail before ECS rolls a deployment back. Default: 3. It has no effect with canary and linear.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
	Breaker int `yaml:"breaker" validate:"min=1,max=1000"`
}

// Scaling is the number of tasks, and the targets that it follows.
type Scaling struct {
	// The smallest number of tasks. Default: 2. Each costs 9 USD a month at the default size.
	Min int `yaml:"min" validate:"min=1,max=5000"`
	// The largest number of tasks. Default: 20.
	Max int `yaml:"max" validate:"min=1,max=5000"`
	// The average CPU utilization of the tasks that scaling aims at, in percent. Default: 70.
	CPUPercent float64 `yaml:"cpuPercent" validate:"min=1,max=100"`
	// The average memory utilization of the tasks that scaling aims at, in percent. Default: 80.
	MemoryPercent float64 `yaml:"memoryPercent" validate:"min=1,max=100"`
	// The number of requests per task and minute that scaling aims at. Default: 1000.
	RequestsPerTarget int `yaml:"requestsPerTarget" validate:"min=1,max=1000000000"`
	// The time after tasks were removed before more can be removed. Default: 5m.
	ScaleIn time.Duration `yaml:"scaleIn" validate:"min=0s,max=24h"`
	// The time after tasks were added before more can be added. Default: 1m.
	ScaleOut time.Duration `yaml:"scaleOut" validate:"min=0s,max=24h"`
	// Other limits of the number of tasks, each from a point in time on. Default: none.
	//
	// 200 scheduled actions are a quota that AWS does not raise.
	// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html
	Schedule []Schedule `yaml:"schedule" validate:"max=200,dive"`
}

// Schedule sets the bounds of the number of tasks from a point of time on.
type Schedule struct {
	// When the limits begin to apply, as a cron expression: minutes, hours, day of month, month, day of week, year.
	//
	// https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
	Cron string `yaml:"cron" validate:"required,cron6"`
	// The IANA time zone of the cron expression. Default: UTC.
	TimeZone string `yaml:"timeZone" validate:"zone"`
	// The smallest number of tasks from then on.
	Min *int `yaml:"min" validate:"required,min=0,max=5000"`
	// The largest number of tasks from then on; 0 stops the service.
	Max *int `yaml:"max" validate:"required,min=0,max=5000"`
}

// LoadBalancer is what stands between the world and the service.
type LoadBalancer struct {
	// Whether each request is logged to an S3 bucket. Default: true. Logs cost 0.023 USD a GB and month.
	//
	// https://aws.amazon.com/s3/pricing/
	AccessLogs bool `yaml:"accessLogs"`
	// Whether a web application firewall (AWS WAF) counts or blocks requests that its rules match; true counts. Default: false. It costs 8 USD a month and 0.60 USD for a million requests.
	//
	// https://aws.amazon.com/waf/pricing/
	WAF Firewall `yaml:"waf" validate:"oneof=false count block"`
	// Whether AWS refuses to delete the load balancer. Default: true.
	DeletionProtection bool `yaml:"deletionProtection"`
	// How long a connection can be idle before the load balancer closes it. Default: 1m. A response that takes longer to begin becomes a 504 error.
	//
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
	IdleTimeout time.Duration `yaml:"idleTimeout" validate:"min=1s,max=4000s"`
	// IPv4 networks that can connect to the load balancer. Default: everyone.
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
	// The name of the cluster's first database. Default: appdb. A change replaces the cluster.
	Name string `yaml:"name" validate:"dbname"`
	// The name of the master user. Default: dbadmin. A change replaces the cluster.
	Username string `yaml:"username" validate:"dbuser"`

	// The smallest capacity of an instance, in Aurora capacity units (ACU) of about 2 GiB of memory; at 0 an idle cluster pauses. Default: 0.5. One ACU costs 87.60 USD a month.
	//
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
	MinCapacity float64 `yaml:"minCapacity" validate:"min=0,max=256,halves"`
	// The largest capacity of an instance, in Aurora capacity units. Default: 4.
	MaxCapacity float64 `yaml:"maxCapacity" validate:"min=1,max=256,halves"`
	// How long the cluster must be idle before it pauses. Default: 5m. It has an effect with minCapacity 0 only.
	PauseAfter time.Duration `yaml:"pauseAfter" validate:"min=5m,max=24h"`

	// Number of reader instances. The first one can take over from the writer. Default: 1. Each costs its own capacity.
	Readers int `yaml:"readers" validate:"min=0,max=15"`
	// How long backups are kept, in days. Default: 7.
	BackupDays int `yaml:"backupDays" validate:"min=1,max=35"`
	// The time of day in UTC at which backups are made. Default: 02:00-03:00.
	BackupWindow string `yaml:"backupWindow" validate:"window"`
	// The time of the week in UTC at which AWS can maintain the cluster. Default: half an hour that AWS chooses. It must not overlap backupWindow: set it when you change backupWindow of a deployed stack.
	MaintenanceWindow string `yaml:"maintenanceWindow" validate:"omitempty,weekly"`
	// Whether AWS refuses to delete the cluster. Default: true.
	DeletionProtection bool `yaml:"deletionProtection"`
	// Whether RDS Extended Support is used when the engine version is past its end of standard support. Default: false. It costs about 0.10 USD an hour for each vCPU. It can't be changed with a deploy: set true for a cluster that was created by version 1.0.0.
	//
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/extended-support.html
	ExtendedSupport bool `yaml:"extendedSupport"`

	// The time between two changes of the master password, up to 999 days. Default: 0s, which is never.
	//
	// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
	Rotation time.Duration `yaml:"rotation" validate:"eq=0s|min=4h,max=23976h,hours"`

	// A secret environment variable with the whole connection string. Default: none.
	ConnectionString *ConnectionString `yaml:"connectionString"`
}

// ConnectionString gives the container the whole connection string as one
// secret environment variable.
type ConnectionString struct {
	// The name of the environment variable. Default: ConnectionStrings__DefaultConnection.
	Env string `yaml:"env" validate:"envname"`
	// The connection string, with the placeholders {host}, {reader}, {port}, {name}, {username} and {password}; write {{ and }} for braces. Default: the form that MySQL drivers for .NET take.
	Format string `yaml:"format" validate:"required,max=4096"`
}

// Logs is for every log group of the stack.
type Logs struct {
	// How long logs and access logs are kept, in days. Default: 30.
	RetentionDays int `yaml:"retentionDays" validate:"oneof=1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653"`
}

// Alarms configures who is notified, and what rolls a deployment back.
type Alarms struct {
	// The e-mail address that alarms are sent to. AWS sends a message that asks to confirm the subscription. Default: none.
	Email string `yaml:"email" validate:"omitempty,max=254,email,ascii"`
	// Percentage of requests that fail with a server error of the tasks or of the load balancer, from which a deployment is rolled back. Default: 5. At least five must fail in five minutes.
	ErrorPercent float64 `yaml:"errorPercent" validate:"min=0.1,max=100"`
	// The 95th percentile (p95) of the response time from which a deployment is rolled back. Default: 0s, which turns it off.
	Latency time.Duration `yaml:"latency" validate:"eq=0s|min=1ms,max=1h"`
}

// Monitoring is what is measured and shown beyond the alarms, and costs.
// https://aws.amazon.com/cloudwatch/pricing/
type Monitoring struct {
	// Whether CloudWatch Container Insights measures the number of running tasks, with an alarm when there are too few. Default: true. It costs about 8 USD a month.
	ContainerInsights bool `yaml:"containerInsights"`
	// Whether there is a CloudWatch dashboard with all graphs. Default: true. It costs 3 USD a month after an account's first three.
	Dashboard bool `yaml:"dashboard"`
}

// GitHub is the one repository and branch that may push releases.
type GitHub struct {
	// The GitHub repository whose workflows can push releases, as owner/name. The stack has an IAM role for them. Default: none.
	Repository string `yaml:"repository" validate:"omitempty,githubrepo"`
	// The branch whose workflows can push releases. Default: main.
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
