package lib

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapplicationautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

func scaleTasks(service awsecs.FargateService, groups []elbv2.ApplicationTargetGroup, s config.Scaling) {
	// The number of tasks is the scaling's alone: the template has no desired
	// count that a deployment would go back to.
	count := service.AutoScaleTaskCount(&awsapplicationautoscaling.EnableScalingProps{
		MinCapacity: jsii.Number(s.Min),
		MaxCapacity: jsii.Number(s.Max),
	})
	scaleIn, scaleOut := seconds(s.ScaleIn), seconds(s.ScaleOut)
	count.ScaleOnCpuUtilization(jsii.String("Cpu"), &awsecs.CpuUtilizationScalingProps{
		TargetUtilizationPercent: &s.CPUPercent, ScaleInCooldown: scaleIn, ScaleOutCooldown: scaleOut,
	})
	count.ScaleOnMemoryUtilization(jsii.String("Memory"), &awsecs.MemoryUtilizationScalingProps{
		TargetUtilizationPercent: &s.MemoryPercent, ScaleInCooldown: scaleIn, ScaleOutCooldown: scaleOut,
	})
	for i, group := range groups {
		count.ScaleOnRequestCount(jsii.String([]string{"Requests", "AlternateRequests"}[i]), &awsecs.RequestCountScalingProps{
			RequestsPerTarget: jsii.Number(s.RequestsPerTarget), TargetGroup: group, ScaleInCooldown: scaleIn, ScaleOutCooldown: scaleOut,
			// Of two groups one is empty, and what has no data would keep all tasks: CPU
			// and memory tell when there are too many.
			DisableScaleIn: jsii.Bool(len(groups) > 1),
		})
	}
	for i, at := range s.Schedule {
		count.ScaleOnSchedule(jsii.String(fmt.Sprintf("Schedule%d", i+1)), &awsapplicationautoscaling.ScalingSchedule{
			Schedule:    awsapplicationautoscaling.Schedule_Expression(jsii.String("cron(" + at.Cron + ")")),
			TimeZone:    awscdk.TimeZone_Of(&at.TimeZone),
			MinCapacity: jsii.Number(*at.Min),
			MaxCapacity: jsii.Number(*at.Max),
		})
	}
}

// highestMinimum is the largest number of tasks that must run at some time.
func highestMinimum(s config.Scaling) int {
	highest := s.Min
	for _, at := range s.Schedule {
		highest = max(highest, *at.Min)
	}
	return highest
}
