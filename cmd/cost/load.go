package main

// unit is some load, and what it is charged as.
type unit struct {
	What  string
	Items []item
}

// An LCU-hour is 25 new connections a second, 3000 open ones, 1 GB, or 1000 rules
// looked at a second, whichever is most.
// https://aws.amazon.com/elasticloadbalancing/pricing/
const connectionsPerLCUHour = 25 * 3600

// load is what an environment's use adds to its floor, a unit each.
func (s stack) load() ([]unit, error) {
	units := []unit{
		one("a million requests, each on a connection of its own", item{Price: "lcu-hour", Quantity: 1e6 / float64(connectionsPerLCUHour)}),
		one("a GB through the load balancer", item{Price: "lcu-hour", Quantity: 1}),
		one("a GB sent to the internet", item{Price: "internet-gb", Quantity: 1}),
	}
	if s.Count("AWS::WAFv2::WebACL") > 0 {
		units = append(units, one("a million requests through the firewall", item{Price: "waf-million", Quantity: 1}))
	}
	if s.Count("AWS::EC2::NatGateway") > 0 {
		units = append(units, one("a GB through a NAT gateway", item{Price: "nat-gb", Quantity: 1}))
	}
	for _, id := range s.IDs("AWS::ECS::Service") {
		f, err := s.fleet(id)
		if err != nil {
			return nil, err
		}
		units = append(units, f.taskHours()...)
	}
	units = append(units,
		one("an ACU-hour of the database", item{Price: "acu-hour", Quantity: 1}),
		one("a GB in the database, a month", item{Price: "aurora-storage-gb-month", Quantity: 1}),
		one("a million I/Os of the database", item{Price: "aurora-io-million", Quantity: 1}),
		one("a GB of logs, flow logs too", item{Price: "logs-gb", Quantity: 1}),
		one("a GB of images, a month", item{Price: "ecr-gb-month", Quantity: 1}),
	)
	if s.Count("AWS::S3::Bucket") > 0 {
		units = append(units, one("a GB of access logs, a month", item{Price: "s3-gb-month", Quantity: 1}))
	}
	return units, nil
}

func one(what string, i item) unit { return unit{What: what, Items: []item{i}} }

// taskHours are those of another task, on each kind of capacity that it may get.
func (f fleet) taskHours() []unit {
	var units []unit
	add := func(what, share string) {
		items := f.items(what, 1.0/hours, share)
		if f.public {
			items = append(items, item{Price: "public-ipv4-hour", Quantity: 1})
		}
		units = append(units, unit{What: what, Items: items})
	}
	if f.base+f.onDemand > 0 {
		add("an hour of another task, on demand", "")
	}
	if f.spot > 0 {
		add("an hour of another task, on Spot", spotShare)
	}
	return units
}
