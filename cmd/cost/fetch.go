package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// priceList needs no credentials.
	// https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api-fetching-price-list-files-manually.html
	priceList = "https://pricing.us-east-1.amazonaws.com"
	// fetchedPath keeps what was fetched, so that it is fetched once.
	fetchedPath = ".local/prices.csv"
)

// fetch reads all prices of a region from AWS's price list.
func fetch(ctx context.Context, origin, region string, units map[string]string, progress io.Writer) ([]price, error) {
	var lines []price
	var mistakes []error
	for _, code := range offers() {
		fmt.Fprintf(progress, "reading the prices of %s in %s ...\n", code, region)
		found, err := fetchOffer(ctx, origin, code, region)
		if err != nil {
			return nil, fmt.Errorf("offer file %s of %s: %w", code, region, err)
		}
		for name, p := range products {
			if p.offer != code {
				continue
			}
			usd, err := found.price(name)
			mistakes = append(mistakes, err)
			lines = append(lines, price{Name: name, Region: region, Unit: units[name], USD: usd, Source: "offer file " + code, Date: found.published})
		}
	}
	slices.SortFunc(lines, func(a, b price) int { return strings.Compare(a.Name, b.Name) })
	return lines, errors.Join(mistakes...)
}

func fetchOffer(ctx context.Context, origin, code, region string) (offer, error) {
	address := fmt.Sprintf("%s/offers/v1.0/aws/%s/current/%s/index.csv", origin, code, region)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return offer{}, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return offer{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return offer{}, fmt.Errorf("%s answers %s", address, answer.Status)
	}
	found, err := readOffer(answer.Body, code, region)
	if err != nil {
		return offer{}, err
	}
	published, err := time.Parse(time.RFC3339, found.published)
	if err != nil {
		return offer{}, fmt.Errorf("its date: %w", err)
	}
	found.published = published.Format(time.DateOnly)
	return found, nil
}

// save writes the lines of a region beside those that were fetched before.
func save(path, region string, lines []price) error {
	var before []price
	text, err := os.ReadFile(path)
	if err == nil {
		before, err = parseLines(path, string(text))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	before = slices.DeleteFunc(before, func(p price) bool { return p.Region == region })
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	writer := csv.NewWriter(file)
	records := [][]string{{"price", "region", "unit", "usd", "source", "date"}}
	for _, p := range append(before, lines...) {
		records = append(records, []string{p.Name, p.Region, p.Unit, strconv.FormatFloat(p.USD, 'g', 10, 64), p.Source, p.Date})
	}
	return errors.Join(writer.WriteAll(records), file.Close())
}
