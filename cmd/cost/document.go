package main

import (
	"bytes"
	"fmt"
	"text/template"
)

// page is docs/cost.md. It is about list prices, so what it says of them is here
// once and not in the code.
var page = template.Must(template.New("cost.md").Parse(`# What it costs

<!-- Made by ` + "`make docs`" + ` from the synthesized templates and cmd/cost/prices.csv. -->

The floor of an environment is what a month of 730 hours costs when nobody uses it, at
AWS's list prices, before tax, discounts, credits and the free tier. Traffic, logs, I/O and
images come on top, by the unit: the second table of each environment. ` + "`make cost ENV=NAME`" + `
prints both for any environment of ` + "`config/`" + `.

Development's floor as a share of production's: {{.Ratios}}.

## production

{{.Production}}
## development

{{.Development}}
## What is in it, and what is not

- Tasks run at ` + "`scaling.min`" + `, split by the capacity provider strategy; other minimums of
  ` + "`scaling.schedule`" + ` are left out. Spot has no fixed price: it is taken as {{.Spot}} of the price
  on demand.
- The database runs at ` + "`database.minCapacity`" + ` on every instance. At 0 it pauses, and
  connections that a pool keeps open hold it awake.
- An account's first ten alarms, ten metrics and three dashboards are free, and are counted here.
- The load balancer has an address in both zones. It takes more under load.
- The hosted zone is not the stack's: 0.50 a month in Route 53. The bootstrap stack of the CDK
  keeps its assets in a bucket, for cents.
- Backups are free up to the size of the database; older snapshots are not.
- A rollout runs twice as many tasks for some minutes.
- With ` + "`database.rotation`" + ` AWS adds a nested stack with a function: for cents.

## Prices

Each price is in [cmd/cost/prices.csv](../cmd/cost/prices.csv), with its source and its date, the
oldest from {{.Oldest}}. AWS changes them: check its pages before you decide by a few dollars.

{{.Unpriced}}
`))

// document renders the page about the two shipped environments.
func document(production, development stack, prices priceTable) ([]byte, error) {
	oldest, _ := prices.dates()
	values := map[string]string{"Oldest": oldest, "Unpriced": prices.unpriced()}
	spot, err := prices.of(spotShare, prices.regions[0])
	if err != nil {
		return nil, err
	}
	values["Spot"] = percent(spot)
	if values["Ratios"], err = ratios(production, development, prices); err != nil {
		return nil, err
	}
	if values["Production"], err = production.report(prices, markdown); err != nil {
		return nil, err
	}
	if values["Development"], err = development.report(prices, markdown); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = page.Execute(&b, values)
	return b.Bytes(), err
}

// ratios are the shares of production's floor that development's is, by region.
func ratios(production, development stack, prices priceTable) (string, error) {
	text := ""
	for i, region := range prices.regions {
		share, err := ratio(production, development, prices, region)
		if err != nil {
			return "", err
		}
		switch i {
		case 0:
		case len(prices.regions) - 1:
			text += " and "
		default:
			text += ", "
		}
		text += fmt.Sprintf("%s in %s", percent(share), region)
	}
	return text, nil
}

func ratio(production, development stack, prices priceTable, region string) (float64, error) {
	sums := make([]float64, 2)
	for i, s := range []stack{production, development} {
		items, err := s.floor()
		if err != nil {
			return 0, err
		}
		if sums[i], err = total(items, prices, region); err != nil {
			return 0, err
		}
	}
	return sums[1] / sums[0], nil
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }
