package lib

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// DomainProps configures NewDomain.
type DomainProps struct {
	config.Domain
}

// Domain is the name that the service is reached by, and its certificate.
type Domain struct {
	Scope       constructs.Construct
	Zone        awsroute53.IHostedZone
	Certificate awscertificatemanager.Certificate
	// Host is the whole name, without a final dot.
	Host string
}

// NewDomain makes a certificate that AWS validates, and renews, by records in
// the hosted zone.
func NewDomain(scope constructs.Construct, id string, props DomainProps) Domain {
	c := constructs.NewConstruct(scope, &id)
	host := props.Record + "." + props.Name
	if props.Record == "@" {
		host = props.Name
	}
	zone := awsroute53.HostedZone_FromHostedZoneAttributes(c, jsii.String("Zone"), &awsroute53.HostedZoneAttributes{
		HostedZoneId: &props.HostedZoneID,
		ZoneName:     &props.Name,
	})
	certificate := awscertificatemanager.NewCertificate(c, jsii.String("Certificate"), &awscertificatemanager.CertificateProps{
		DomainName:              &props.Name,
		SubjectAlternativeNames: alternativeNames(props, host),
		Validation:              awscertificatemanager.CertificateValidation_FromDns(zone),
	})
	return Domain{Scope: c, Zone: zone, Certificate: certificate, Host: host}
}

// alternativeNames are those that the certificate needs beside the domain's own.
// A wildcard stands for one label: it covers server.example.com, but neither
// example.com nor a.server.example.com.
func alternativeNames(props DomainProps, host string) *[]*string {
	var names []string
	if props.Wildcard {
		names = append(names, "*."+props.Name)
	}
	oneLabel := !strings.Contains(props.Record, ".")
	if host != props.Name && (!props.Wildcard || !oneLabel) {
		names = append(names, host)
	}
	if len(names) == 0 {
		return nil
	}
	return jsii.Strings(names...)
}

// PointAt makes the host an alias of the balancer.
func (d Domain) PointAt(balancer awselasticloadbalancingv2.ApplicationLoadBalancer) awsroute53.ARecord {
	return awsroute53.NewARecord(d.Scope, jsii.String("Record"), &awsroute53.ARecordProps{
		Zone: d.Zone,
		// The final dot keeps the CDK from adding the zone's name once more.
		RecordName: jsii.String(d.Host + "."),
		Target: awsroute53.RecordTarget_FromAlias(awsroute53targets.NewLoadBalancerTarget(balancer,
			&evaluateTargetHealth{})),
	})
}

// evaluateTargetHealth are the options of an alias. As the only record of its name it is
// answered whatever the health of the tasks: Route 53 treats records that are all
// unhealthy as healthy. It matters once somebody adds a record to fail over to. The CDK
// wants the options as an interface.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
type evaluateTargetHealth struct{}

func (*evaluateTargetHealth) EvaluateTargetHealth() *bool { return jsii.Bool(true) }

// HostedZoneId is named by the CDK.
func (*evaluateTargetHealth) HostedZoneId() *string { return nil } //nolint:revive // not ours to name
