// Package config is the configuration of one environment: its keys, their
// defaults, and a strict reader of the YAML files beside it.
package config

import "time"

// Config is everything that can be set for one environment. A key that a file
// leaves out keeps the value that [Default] gives it.
type Config struct {
	// Project and Environment together name the stack.
	Project     string `yaml:"project" validate:"name,max=64"`
	Environment string `yaml:"environment" validate:"required,name,max=32"`

	// Tags go on every resource that takes tags. Project, Environment and
	// ManagedBy are added to them.
	// Limits: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
	Tags map[string]string `yaml:"tags" validate:"max=40,dive,keys,tagkey,endkeys,max=256"`

	// Domain is nil without a domain: the balancer then serves plain HTTP under
	// its own name.
	Domain       *Domain      `yaml:"domain"`
	Network      Network      `yaml:"network"`
	Image        Image        `yaml:"image"`
	Service      Service      `yaml:"service"`
	Scaling      Scaling      `yaml:"scaling"`
	LoadBalancer LoadBalancer `yaml:"loadBalancer"`
	Database     Database     `yaml:"database"`
	Logs         Logs         `yaml:"logs"`
	Alarms       Alarms       `yaml:"alarms"`
	GitHub       GitHub       `yaml:"github"`

	// TerminationProtection makes CloudFormation refuse to delete the stack.
	TerminationProtection bool `yaml:"terminationProtection"`
	// Retain lets data outlive the stack: images and access logs stay, the
	// database leaves a snapshot. Without it everything goes with the stack.
	Retain bool `yaml:"retain"`
}

// Domain puts the service under a name in an existing public hosted zone, with
// TLS.
type Domain struct {
	Name         string `yaml:"name" validate:"required,fqdn"`
	HostedZoneID string `yaml:"hostedZoneId" validate:"required,zoneid"`
	// Record is the service's name below Name; @ is Name itself.
	Record string `yaml:"record" validate:"record"`
	// Wildcard makes the certificate valid for every name directly below Name.
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
	// CIDR is cut into sixteenths: two public, two private and two isolated
	// subnets. A balancer needs a /27 at least, so the prefix is 16 to 23.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
	CIDR     string `yaml:"cidr" validate:"network"`
	NAT      NAT    `yaml:"nat" validate:"oneof=perZone single none"`
	FlowLogs bool   `yaml:"flowLogs"`
}

// Image says which image is deployed, and where it is pushed.
type Image struct {
	// Repository is the ECR repository's name; people and pipelines push to it.
	Repository string `yaml:"repository" validate:"min=2,max=256,repository"`
	// Tag is the deploy tag: a push of it is a release.
	Tag string `yaml:"tag" validate:"imagetag"`
	// Keep is how many images the lifecycle policy leaves, beside the one that
	// last worked and the one under the deploy tag.
	Keep int `yaml:"keep" validate:"min=1,max=1000"`
	// AutoDeploy false leaves pushes to be deployed by hand.
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
	// Port is where the container listens, for HTTP.
	Port int `yaml:"port" validate:"min=1,max=65535"`
	// CPU is in units of 1/1024 of a virtual CPU; MemoryMiB must go with it.
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
	CPU          int          `yaml:"cpu" validate:"oneof=256 512 1024 2048 4096 8192 16384"`
	MemoryMiB    int          `yaml:"memoryMiB"`
	Architecture Architecture `yaml:"architecture" validate:"oneof=x86_64 arm64"`

	// Environment is given to the container as it is; Secrets are ARNs of
	// Secrets Manager secrets, or ARN:KEY for one key of a JSON secret.
	Environment map[string]string `yaml:"environment" validate:"dive,keys,envname,endkeys"`
	Secrets     map[string]string `yaml:"secrets" validate:"dive,keys,envname,endkeys,secretarn"`

	// The first OnDemandBase tasks run on Fargate, the others on Fargate and
	// Fargate Spot in the ratio of the weights.
	// Limits: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
	OnDemandBase   int `yaml:"onDemandBase" validate:"min=0,max=100000"`
	OnDemandWeight int `yaml:"onDemandWeight" validate:"min=0,max=1000"`
	SpotWeight     int `yaml:"spotWeight" validate:"min=0,max=1000"`

	// Exec allows `aws ecs execute-command` into running tasks.
	Exec   bool   `yaml:"exec"`
	Health Health `yaml:"health"`

	// DeregistrationDelay is how long a stopping task may finish its requests.
	DeregistrationDelay time.Duration `yaml:"deregistrationDelay" validate:"min=0s,max=1h"`
	// SlowStart is over how long a new task's share of requests grows; 0s is off.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
	SlowStart  time.Duration `yaml:"slowStart" validate:"eq=0s|min=30s,max=15m"`
	Stickiness Stickiness    `yaml:"stickiness"`
	// ReadOnly mounts the container's root file system read-only.
	ReadOnly   bool       `yaml:"readOnly"`
	Deployment Deployment `yaml:"deployment"`
}

// Health is the balancer's health check of a task.
// Limits: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
type Health struct {
	Path     string        `yaml:"path" validate:"max=1024,urlpath"`
	Codes    string        `yaml:"codes" validate:"httpcodes"`
	Interval time.Duration `yaml:"interval" validate:"min=5s,max=5m"`
	Timeout  time.Duration `yaml:"timeout" validate:"min=2s,max=2m"`
	// Healthy and Unhealthy are how many checks in a row change a task's state.
	Healthy   int `yaml:"healthy" validate:"min=2,max=10"`
	Unhealthy int `yaml:"unhealthy" validate:"min=2,max=10"`
	// Grace is how long after its start a task's failed checks do not count.
	Grace time.Duration `yaml:"grace" validate:"min=0s,max=2h"`
}

// Stickiness keeps a client on one task for as long as the application's own
// cookie lives, Duration at most; a Duration of 0s is off.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
type Stickiness struct {
	Cookie   string        `yaml:"cookie" validate:"cookie"`
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
	Strategy Strategy `yaml:"strategy" validate:"oneof=rolling blueGreen canary linear"`
	// Bake is how long the old tasks stay after the shift, so that an alarm can
	// still turn the release back at once; not used by rolling.
	Bake time.Duration `yaml:"bake" validate:"min=0s,max=24h,minutes"`
	// Deadline is after how long a deployment that could not even start a task
	// is turned back.
	Deadline time.Duration `yaml:"deadline" validate:"min=5m,max=24h"`
}

// Scaling is the number of tasks, and the targets that it follows.
type Scaling struct {
	Min               int     `yaml:"min" validate:"min=1,max=5000"`
	Max               int     `yaml:"max" validate:"min=1,max=5000"`
	CPUPercent        float64 `yaml:"cpuPercent" validate:"min=1,max=100"`
	MemoryPercent     float64 `yaml:"memoryPercent" validate:"min=1,max=100"`
	RequestsPerTarget int     `yaml:"requestsPerTarget" validate:"min=1"`
	// ScaleIn and ScaleOut are the pauses after a change in that direction.
	ScaleIn  time.Duration `yaml:"scaleIn" validate:"min=0s,max=24h"`
	ScaleOut time.Duration `yaml:"scaleOut" validate:"min=0s,max=24h"`
	Schedule []Schedule    `yaml:"schedule" validate:"dive"`
}

// Schedule sets the bounds of the number of tasks from a point of time on.
type Schedule struct {
	// Cron has the six fields of AWS: minutes, hours, day of month, month, day
	// of week, year.
	// https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
	Cron     string `yaml:"cron" validate:"required,cron6"`
	TimeZone string `yaml:"timeZone" validate:"zone"`
	// Min and Max are both required; 0 and 0 stops the service.
	Min *int `yaml:"min" validate:"required,min=0,max=5000"`
	Max *int `yaml:"max" validate:"required,min=0,max=5000"`
}

// LoadBalancer is what stands between the world and the service.
type LoadBalancer struct {
	AccessLogs         bool     `yaml:"accessLogs"`
	WAF                Firewall `yaml:"waf" validate:"oneof=false count block"`
	DeletionProtection bool     `yaml:"deletionProtection"`
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
	Name     string `yaml:"name" validate:"dbname"`
	Username string `yaml:"username" validate:"dbuser"`

	// MinCapacity and MaxCapacity are in Aurora capacity units (about 2 GiB
	// each), in steps of a half. At a minimum of 0 an idle cluster pauses after
	// PauseAfter.
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
	MinCapacity float64       `yaml:"minCapacity" validate:"min=0,max=256,halves"`
	MaxCapacity float64       `yaml:"maxCapacity" validate:"min=1,max=256,halves"`
	PauseAfter  time.Duration `yaml:"pauseAfter" validate:"min=5m,max=24h"`

	// Readers are instances that take over from the writer and share its reads.
	Readers    int `yaml:"readers" validate:"min=0,max=15"`
	BackupDays int `yaml:"backupDays" validate:"min=1,max=35"`
	// BackupWindow is daily, in UTC, half an hour at least.
	BackupWindow       string `yaml:"backupWindow" validate:"window"`
	DeletionProtection bool   `yaml:"deletionProtection"`

	// Rotation is how often the password changes; 0s is never.
	// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
	Rotation time.Duration `yaml:"rotation" validate:"eq=0s|min=4h,max=24000h"`

	// ConnectionString is nil when the container composes its own.
	ConnectionString *ConnectionString `yaml:"connectionString"`
}

// ConnectionString gives the container the whole connection string as one
// secret environment variable.
type ConnectionString struct {
	Env string `yaml:"env" validate:"envname"`
	// Format has the places {host}, {reader}, {port}, {name}, {username} and
	// {password}.
	Format string `yaml:"format" validate:"required,max=4096"`
}

// Logs is for every log group of the stack.
type Logs struct {
	RetentionDays int `yaml:"retentionDays" validate:"oneof=1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653"`
}

// Alarms says who hears of them.
type Alarms struct {
	// Email is subscribed to the alarm topic when given; AWS asks its owner to
	// confirm.
	Email string `yaml:"email" validate:"omitempty,email"`
}

// GitHub is the one repository and branch that may push releases.
type GitHub struct {
	// Repository is owner/name; without it there is no role for GitHub.
	Repository string `yaml:"repository" validate:"omitempty,githubrepo"`
	Branch     string `yaml:"branch" validate:"required,branch"`
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
			DeregistrationDelay: 30 * time.Second,
			SlowStart:           time.Minute,
			Stickiness:          Stickiness{Cookie: "CloudStruct_session", Duration: 24 * time.Hour},
			Deployment:          Deployment{Strategy: Rolling, Bake: 5 * time.Minute, Deadline: 20 * time.Minute},
		},
		Scaling: Scaling{
			Min: 2, Max: 20,
			CPUPercent: 70, MemoryPercent: 80, RequestsPerTarget: 1000,
			ScaleIn: 5 * time.Minute, ScaleOut: time.Minute,
		},
		LoadBalancer: LoadBalancer{AccessLogs: true, WAF: FirewallOff, DeletionProtection: true},
		Database: Database{
			Name: "appdb", Username: "dbadmin",
			MinCapacity: 0.5, MaxCapacity: 4, PauseAfter: 5 * time.Minute,
			Readers: 1, BackupDays: 7, BackupWindow: "02:00-03:00",
			DeletionProtection: true,
		},
		Logs:                  Logs{RetentionDays: 30},
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
