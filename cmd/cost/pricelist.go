package main

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// product is how AWS's price list names what a price of the table is for: a product
// family, where the usage type alone is not enough, and the usage type without the
// region's prefix.
type product struct {
	offer, family, usage string
	per                  float64 // of AWS's unit are one of the table's
}

// products are those of all prices but the global ones.
// https://docs.aws.amazon.com/cur/latest/userguide/product-columns.html
var products = map[string]product{
	"load-balancer-hour":      {"AWSELB", "Load Balancer-Application", "LoadBalancerUsage", 1},
	"lcu-hour":                {"AWSELB", "Load Balancer-Application", "LCUUsage", 1},
	"public-ipv4-hour":        {"AmazonVPC", "", "PublicIPv4:InUseAddress", 1},
	"nat-hour":                {"AmazonEC2", "NAT Gateway", "NatGateway-Hours", 1},
	"nat-gb":                  {"AmazonEC2", "NAT Gateway", "NatGateway-Bytes", 1},
	"fargate-vcpu-hour":       {"AmazonECS", "", "Fargate-vCPU-Hours:perCPU", 1},
	"fargate-gb-hour":         {"AmazonECS", "", "Fargate-GB-Hours", 1},
	"fargate-arm-vcpu-hour":   {"AmazonECS", "", "Fargate-ARM-vCPU-Hours:perCPU", 1},
	"fargate-arm-gb-hour":     {"AmazonECS", "", "Fargate-ARM-GB-Hours", 1},
	"acu-hour":                {"AmazonRDS", "", "Aurora:ServerlessV2Usage", 1},
	"aurora-storage-gb-month": {"AmazonRDS", "", "Aurora:StorageUsage", 1},
	"aurora-io-million":       {"AmazonRDS", "", "Aurora:StorageIOUsage", 1e6},
	"secret-month":            {"AWSSecretsManager", "", "AWSSecretsManager-Secrets", 1},
	"kms-key-month":           {"awskms", "", "KMS-Keys", 1},
	"alarm-month":             {"AmazonCloudWatch", "", "CW:AlarmMonitorUsage", 1},
	"metric-month":            {"AmazonCloudWatch", "", "CW:MetricMonitorUsage", 1},
	"logs-gb":                 {"AmazonCloudWatch", "", "DataProcessing-Bytes", 1},
	"waf-acl-month":           {"awswaf", "", "WebACLV2", 1},
	"waf-rule-month":          {"awswaf", "", "RuleV2", 1},
	"waf-million":             {"awswaf", "", "RequestV2-Tier1", 1e6},
	"lambda-million":          {"AWSLambda", "", "Request", 1e6},
	"lambda-gb-second":        {"AWSLambda", "", "Lambda-GB-Second", 1},
	"s3-gb-month":             {"AmazonS3", "", "TimedStorage-ByteHrs", 1},
	"ecr-gb-month":            {"AmazonECR", "", "TimedStorage-ByteHrs", 1},
	"internet-gb":             {"AWSDataTransfer", "", "DataTransfer-Out-Bytes", 1},
}

// offers are the files of the price list that are needed.
func offers() []string {
	var all []string
	for _, p := range products {
		all = append(all, p.offer)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// prefix is what the usage types of most regions begin with: EUC1-LCUUsage, EU-LCUUsage,
// us-east-1-KMS-Keys.
var prefix = regexp.MustCompile(`^(?:[A-Z]{2,4}[0-9]?|[a-z]{2}-[a-z]+-[0-9])-$`)

// quote is a price of an offer.
type quote struct {
	usage string
	from  float64 // the amount that it begins at
	usd   float64
}

// offer is a file of the price list, for one region.
type offer struct {
	published string
	quotes    map[string][]quote // by the names of the table
}

// readOffer goes through a file, of which the largest have gigabytes, line by line.
// https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/bulk-api-reading-price-list-files.html
func readOffer(file io.Reader, code, region string) (offer, error) {
	reader := csv.NewReader(file)
	reader.FieldsPerRecord, reader.ReuseRecord = -1, true
	result := offer{quotes: map[string][]quote{}}
	column := map[string]int{}
	for {
		record, err := reader.Read()
		switch {
		case errors.Is(err, io.EOF) && len(column) == 0:
			return result, errors.New("has no line of column names")
		case errors.Is(err, io.EOF):
			return result, nil
		case err != nil:
			return result, err
		case record[0] == "Publication Date":
			result.published = strings.Clone(record[1])
		case record[0] == "SKU":
			for i, name := range record {
				column[strings.Clone(name)] = i
			}
		case len(column) > 0:
			if err := result.take(row{record, column}, code, region); err != nil {
				return result, err
			}
		}
	}
}

// row is a line of an offer.
type row struct {
	record []string
	column map[string]int
}

// at is a field, empty if the offer has no such column.
func (r row) at(name string) string {
	i, there := r.column[name]
	if !there || i >= len(r.record) {
		return ""
	}
	return r.record[i]
}

// onDemand reports whether the line is about what anybody pays in the region itself,
// and not in a local zone of it. Files leave out the columns that they have no use for.
func (r row) onDemand(region string) bool {
	in := cmp.Or(r.at("Region Code"), r.at("From Region Code"), region)
	return r.at("TermType") == "OnDemand" && r.at("Currency") == "USD" && in == region &&
		slices.Contains([]string{"", "AWS Region"}, r.at("Location Type")) &&
		slices.Contains([]string{"", "Any", "Aurora MySQL"}, r.at("Database Engine"))
}

// is compares a usage type, with or without a region's prefix.
func (p product) is(usage, family string) bool {
	before, matches := strings.CutSuffix(usage, p.usage)
	return matches && (before == "" || prefix.MatchString(before)) && (p.family == "" || p.family == family)
}

// take keeps a line that is about one of the products.
func (o offer) take(r row, code, region string) error {
	if !r.onDemand(region) {
		return nil
	}
	usage := r.at("usageType")
	for name, p := range products {
		if p.offer != code || !p.is(usage, r.at("Product Family")) {
			continue
		}
		usd, err := strconv.ParseFloat(r.at("PricePerUnit"), 64)
		if err != nil {
			return fmt.Errorf("%s: %w", usage, err)
		}
		from, err := strconv.ParseFloat(r.at("StartingRange"), 64)
		if err != nil {
			return fmt.Errorf("%s: %w", usage, err)
		}
		o.quotes[name] = append(o.quotes[name], quote{strings.Clone(usage), from, usd})
	}
	return nil
}

// price is that of the first tier which costs anything. Two that differ are a
// mistake: it is not known which of them is meant.
func (o offer) price(name string) (float64, error) {
	p := products[name]
	found := slices.DeleteFunc(slices.Clone(o.quotes[name]), func(q quote) bool { return q.usd == 0 })
	// Where the region has no prefix, what has one is for something else.
	if slices.ContainsFunc(found, func(q quote) bool { return q.usage == p.usage }) {
		found = slices.DeleteFunc(found, func(q quote) bool { return q.usage != p.usage })
	}
	if len(found) == 0 {
		return 0, fmt.Errorf("%s: %s has no price of %s", name, p.offer, p.usage)
	}
	first := slices.MinFunc(found, func(a, b quote) int { return cmp.Compare(a.from, b.from) })
	for _, q := range found {
		if q.from == first.from && (q.usd != first.usd || q.usage != first.usage) {
			return 0, fmt.Errorf("%s: %s has %g for %s and %g for %s", name, p.offer, first.usd, first.usage, q.usd, q.usage)
		}
	}
	return first.usd * p.per, nil
}
