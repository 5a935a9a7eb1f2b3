package main

import (
	"errors"
	"fmt"
	"strings"

	"cloudstruct/cmd/internal/template"
)

// fleet is a service with its tasks.
type fleet struct {
	vcpus, gigabytes float64 // of a task
	arm, public      bool
	least            float64 // tasks at least
	base             float64 // of them on demand before the weights count
	onDemand, spot   float64 // the weights
}

const (
	fargate     = "FARGATE"
	fargateSpot = "FARGATE_SPOT"
	spotShare   = "fargate-spot-share"
)

func tasks(s stack, id string) ([]item, error) {
	f, err := s.fleet(id)
	if err != nil {
		return nil, err
	}
	// What the weights leave a fraction of is so on average.
	base := min(f.base, f.least)
	spot := (f.least - base) * f.spot / max(f.onDemand+f.spot, 1)
	items := f.items("tasks on demand", f.least-spot, "")
	items = append(items, f.items("tasks on Spot", spot, spotShare)...)
	if f.public {
		items = append(items, item{Part: partTasks, What: "public addresses of the tasks", Price: "public-ipv4-hour", Quantity: hours * f.least})
	}
	return items, nil
}

// items are the processors and the memory of a number of tasks for a month.
func (f fleet) items(kind string, n float64, share string) []item {
	vcpu, memory := "fargate-vcpu-hour", "fargate-gb-hour"
	if f.arm {
		vcpu, memory = "fargate-arm-vcpu-hour", "fargate-arm-gb-hour"
	}
	return []item{
		{Part: partTasks, What: fmt.Sprintf("%s: %g vCPU", kind, f.vcpus), Price: vcpu, Quantity: hours * n * f.vcpus, Share: share},
		{Part: partTasks, What: fmt.Sprintf("%s: %g GB", kind, f.gigabytes), Price: memory, Quantity: hours * n * f.gigabytes, Share: share},
	}
}

func (s stack) fleet(id string) (fleet, error) {
	service := s.Resources[id]
	definition := s.Resources[reference(service.At("TaskDefinition"))]
	cpu, errCPU := definition.Number("Cpu")
	memory, errMemory := definition.Number("Memory")
	least, errLeast := s.leastTasks(id)
	if err := errors.Join(errCPU, errMemory, errLeast); err != nil {
		return fleet{}, err
	}
	if definition.At("EphemeralStorage") != nil {
		return fleet{}, errors.New("more than 20 GB of ephemeral storage has a price that the table lacks")
	}
	f := fleet{
		vcpus: cpu / 1024, gigabytes: memory / 1024, least: least,
		arm:    definition.Text("RuntimePlatform", "CpuArchitecture") == "ARM64",
		public: service.Text("NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp") == "ENABLED",
	}
	return f, f.readStrategy(service)
}

func (f *fleet) readStrategy(service template.Resource) error {
	for _, entry := range service.Blocks("CapacityProviderStrategy") {
		// Left out is 0.
		base, _ := entry.Number("Base")
		weight, _ := entry.Number("Weight")
		switch provider := entry.Text("CapacityProvider"); {
		case provider == fargate:
			f.base, f.onDemand = base, weight
		case provider == fargateSpot && base == 0:
			f.spot = weight
		default:
			return fmt.Errorf("capacity provider %q with base %g has no price here", provider, base)
		}
	}
	return nil
}

// leastTasks is the minimum of the service's scaling.
func (s stack) leastTasks(id string) (float64, error) {
	for _, target := range s.IDs("AWS::ApplicationAutoScaling::ScalableTarget") {
		if strings.Contains(fmt.Sprint(s.Resources[target].At("ResourceId")), id) {
			return s.Resources[target].Number("MinCapacity")
		}
	}
	return 0, fmt.Errorf("no ScalableTarget is about it: how many tasks run at least?")
}
