package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCronExpressionsThatAWSRefusesAreMistakes(t *testing.T) {
	var rows []row
	for expression, hint := range map[string]string{
		"0 8 * * * *":              "exactly one of day-of-month and day-of-week must be ?",
		"0 8 ? * ? *":              "exactly one of day-of-month and day-of-week must be ?",
		"0 8 1 * MON *":            "exactly one of day-of-month and day-of-week must be ?",
		"0 8 ? * MON":              "there are 5 fields",
		"0 8 ? * MON * *":          "there are 7 fields",
		"0 25 ? * MON *":           `hours: must be 0 to 23, got "25"`,
		"60 8 ? * MON *":           `minutes: must be 0 to 59, got "60"`,
		"0 8 0 * ? *":              `day of month: must be 1 to 31, got "0"`,
		"0 8 32 * ? *":             `day of month: must be 1 to 31, got "32"`,
		"0 8 ? FOO MON *":          `month: must be 1 to 12, or JAN to DEC, got "FOO"`,
		"0 8 ? 13 MON *":           `month: must be 1 to 12, or JAN to DEC, got "13"`,
		"0 8 ? * 8 *":              `day of week: must be 1 to 7, or SUN to SAT, got "8"`,
		"0 8 ? * MO *":             `day of week: must be 1 to 7, or SUN to SAT, got "MO"`,
		"0 8 ? * mon *":            `day of week: must be 1 to 7, or SUN to SAT, got "mon"`,
		"0 8 ? * MON 1969":         `year: must be 1970 to 2199, got "1969"`,
		"0 8 ? * MON 2200":         `year: must be 1970 to 2199, got "2200"`,
		"? 8 ? * MON *":            `minutes: must be 0 to 59, got "?"`,
		"0 8-6 ? * MON *":          "hours: the range 8-6 is reversed",
		"0/0 8 ? * MON *":          `minutes: the step must be 1 to 59, got "0"`,
		"0/60 8 ? * MON *":         `minutes: the step must be 1 to 59, got "60"`,
		"*/ 8 ? * MON *":           `minutes: the step must be 1 to 59, got ""`,
		"0 8 ? */12 MON *":         `month: the step must be 1 to 11, got "12"`,
		"60 24 ? * MO 1":           `minutes: must be 0 to 59, got "60"; hours: must be 0 to 23, got "24"; day of week: must be 1 to 7, or SUN to SAT, got "MO"; year: must be 1970 to 2199, got "1"`,
		" 0 8 ? * MON *":           "there is a space before the first field or after the last one",
		"0 8, ? * MON *":           `hours: must be 0 to 23, got ""`,
		"0 8 L,5 * ? *":            `day of month: must be 1 to 31, got "L"`,
		"0 8 32W * ? *":            `day of month: must be 1 to 31, got "32W"`,
		"0 8 ? * MON#6 *":          `day of week: must be 1 to 7, or SUN to SAT, got "MON#6"`,
		"0 8 ? * LW *":             `day of week: must be 1 to 7, or SUN to SAT, got "LW"`,
		"0 8 ? L MON *":            `month: must be 1 to 12, or JAN to DEC, got "L"`,
		"0 8 31 2 ? *":             "that day does not exist",
		"0 8 29 FEB ? 2027":        "that day does not exist",
		"0 8 31W 4,6,9,11 ? *":     "that day does not exist",
		"0  8 ? * MON *":           "there are two spaces in a row; write one between the fields",
		"MON 8 ? * MON *":          `minutes: must be 0 to 59, got "MON"`,
		"0 8 ? * MON,TUE-SUN *":    "day of week: the range TUE-SUN is reversed",
		"rate(1 minute) 1 1 1 ? *": "there are 7 fields",
	} {
		rows = append(rows, row{expression, "scaling: {schedule: [{cron: '" + expression + "', min: 1, max: 2}]}",
			fmt.Sprintf("2: scaling.schedule[0].cron: must be six fields: minutes hours day-of-month month day-of-week year, got %q: %s", expression, hint)})
	}
	for _, expression := range []string{
		"0 8 ? * MON-FRI *", "0/15 8-18 ? * 2-6 2026-2030/2", "*/10 * * * ? *", "59 23 L * ? *", "0 0 LW * ? *", "00 08 15W JAN-MAR,DEC ? 1970,2199",
		"0 12 ? * FRIL *", "0 12 ? * L *", "0 12 ? * 3#5 *", "0 12 ? * TUE#1 *", "0 0 29 2 ? *", "5,10-20/2,*/30 0 1-7,31 */3 ? *",
	} {
		rows = append(rows, row{"good " + expression, "scaling: {schedule: [{cron: '" + expression + "', min: 1, max: 2}]}", ""})
	}
	check(t, rows)
}

func TestCronExpressionsAreDueWhenTheySay(t *testing.T) {
	for _, test := range []struct {
		expression string
		due, not   []string
	}{
		{"0 0 L 2 ? *", []string{"2024-02-29", "2026-02-28"}, []string{"2024-02-28"}},
		{"0 0 LW * ? *", []string{"2026-01-30", "2026-02-27"}, []string{"2026-01-31"}}, // Saturdays end both
		{"0 0 1W * ? *", []string{"2026-08-03", "2026-09-01"}, []string{"2026-08-01", "2026-07-31"}},
		{"0 0 15W * ? *", []string{"2026-08-14", "2026-11-16"}, []string{"2026-08-15", "2026-11-15"}},
		{"0 0 ? * FRIL *", []string{"2026-11-27"}, []string{"2026-11-20"}},
		{"0 0 ? * L *", []string{"2026-11-28"}, []string{"2026-11-27"}},
		{"0 0 ? * 2#4 *", []string{"2026-11-23"}, []string{"2026-11-16", "2026-11-30"}},
		{"0 0 ? * 1 2026", []string{"2026-11-29"}, []string{"2027-11-28"}},
	} {
		m, err := parseCron(test.expression)
		if err != nil {
			t.Fatal(err)
		}
		isDue := func(date string) bool {
			day, err := time.Parse(time.DateOnly, date)
			if err != nil {
				t.Fatal(err)
			}
			i := int(day.Sub(time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC)).Hours() / 24)
			return m.days[i/64]>>(i%64)&1 == 1
		}
		for _, date := range test.due {
			if !isDue(date) {
				t.Errorf("%s is not due on %s", test.expression, date)
			}
		}
		for _, date := range test.not {
			if isDue(date) {
				t.Errorf("%s is due on %s", test.expression, date)
			}
		}
	}
}

func TestSchedulesThatMeetAreMistakes(t *testing.T) {
	pair := func(first, second string) string {
		return "scaling:\n  schedule:\n  - {cron: '" + first + "', min: 1, max: 2}\n  - {cron: '" + second + "', min: 3, max: 4}\n"
	}
	same := func(first, second string) string {
		return fmt.Sprintf("5: scaling.schedule[1].cron: must not be due in the same minute as schedule[0] (%s in UTC), got %q in UTC", first, second)
	}
	check(t, []row{
		{"the same time", pair("0 8 ? * MON *", "0 8 ? * MON *"), same("0 8 ? * MON *", "0 8 ? * MON *")},
		{"the same time in other words", pair("0 8 ? * MON-FRI *", "00 8 ? 1-12 2,3,4,5,6 1970-2199"), same("0 8 ? * MON-FRI *", "00 8 ? 1-12 2,3,4,5,6 1970-2199")},
		{"some day at the same time", pair("0 8 ? * MON *", "0 8 1 * ? *"), same("0 8 ? * MON *", "0 8 1 * ? *")},
		{"weekdays and the weekend", pair("0 8 ? * MON-FRI *", "0 8 ? * SAT,SUN *"), ""},
		{"morning and evening", pair("0 8 ? * MON *", "0 20 ? * MON *"), ""},
		{"the last day and the 27th", pair("0 8 L * ? *", "0 8 27 * ? *"), ""},
		{"the same time in two zones", "scaling:\n  schedule:\n  - {cron: 0 8 ? * MON *, min: 1, max: 2}\n  - {cron: 0 8 ? * MON *, timeZone: Asia/Tokyo, min: 1, max: 2}\n", ""},
		{"more than the quota", "scaling:\n  schedule:\n" + entries(201), "3: scaling.schedule: must be at most 200 entries, got 201"},
		{"the quota", "scaling:\n  schedule:\n" + entries(200), ""},
	})
}

func entries(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  - {cron: %d %d ? * MON *, min: 1, max: 2}\n", i%60, i/60)
	}
	return b.String()
}

func TestNetworksThatCanNotBeUsedAreMistakes(t *testing.T) {
	const form = "2: network.cidr: must be an IPv4 network of 16 to 23 bits, such as 10.0.0.0/16, got "
	check(t, []row{
		{"loopback", "network: {cidr: 127.0.0.0/16}", `2: network.cidr: must not be in the loopback range (127.0.0.0/8), got "127.0.0.0/16"; use a private range such as 10.0.0.0/16`},
		{"link-local", "network: {cidr: 169.254.0.0/16}", `2: network.cidr: must not be in the link-local range (169.254.0.0/16), got "169.254.0.0/16"; use a private range such as 10.0.0.0/16`},
		{"multicast", "network: {cidr: 239.1.0.0/16}", `2: network.cidr: must not be in the multicast range (224.0.0.0/4), got "239.1.0.0/16"; use a private range such as 10.0.0.0/16`},
		{"reserved", "network: {cidr: 250.0.0.0/16}", `2: network.cidr: must not be in the reserved range (240.0.0.0/4), got "250.0.0.0/16"; use a private range such as 10.0.0.0/16`},
		{"this network", "network: {cidr: 0.0.0.0/16}", `2: network.cidr: must not be in the range of this network (0.0.0.0/8), got "0.0.0.0/16"; use a private range such as 10.0.0.0/16`},
		{"host bits", "network: {cidr: 10.1.2.3/16}", form + `"10.1.2.3/16": bits after the prefix are set; the network is 10.1.0.0/16`},
		{"no octet", "network: {cidr: 10.0.256.0/20}", form + `"10.0.256.0/20": it is no IPv4 network`},
		{"no network at all", "network: {cidr: ten}", form + `"ten": it is no IPv4 network`},
		{"too small for two sets of tasks", "network: {cidr: 10.0.0.0/23}\nscaling: {max: 27}", "3: scaling.max: must be at most 26 in 10.0.0.0/23 with nat perZone, which has no addresses for more while a deployment runs each task twice, got 27"},
		{"just large enough", "network: {cidr: 10.0.0.0/23}\nscaling: {max: 26}", ""},
		{"shared with the balancer", "network: {cidr: 10.0.0.0/23, nat: none}", "2: network.cidr: scaling.max must be at most 19 in 10.0.0.0/23 with nat none, which has no addresses for more while a deployment runs each task twice, got 20"},
		{"too small for a schedule", "network: {cidr: 10.0.0.0/23}\nscaling: {schedule: [{cron: 0 8 ? * MON *, min: 2, max: 30}]}", "3: scaling.schedule[0].max: must be at most 26 in 10.0.0.0/23 with nat perZone, which has no addresses for more while a deployment runs each task twice, got 30"},
		{"more tasks than the largest has addresses for", "scaling: {max: 5000}", "2: scaling.max: must be at most 4090 in 10.0.0.0/16 with nat perZone, which has no addresses for more while a deployment runs each task twice, got 5000"},
		{"addresses of the internet", "network: {cidr: 52.95.0.0/16}", ""}, // a warning of synth
	})
}

func TestNetworksOfTheInternetAreKnown(t *testing.T) {
	for cidr, public := range map[string]bool{
		"10.0.0.0/16": false, "172.31.0.0/16": false, "172.32.0.0/16": true, "192.168.0.0/16": false, "192.169.0.0/16": true, "100.64.0.0/16": false, "52.95.0.0/16": true, "": false,
	} {
		if got := (Network{CIDR: cidr}).IsPublic(); got != public {
			t.Errorf("%s is public: %v, want %v", cidr, got, public)
		}
	}
}
