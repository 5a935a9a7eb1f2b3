package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// settings are what the stack tells its container by environment variables.
type settings struct {
	port int

	host       string // the writer, wherever it is after a failover
	readerHost string // one of the readers; the writer when there are none
	dbPort     int
	database   string
	username   string
	password   string

	// caFile has the certificates of authorities that may vouch for the database,
	// beside those of the system. The image brings it.
	caFile string
}

// readSettings reports everything that is missing or wrong at once.
func readSettings(getenv func(string) string) (settings, error) {
	var wrong []error
	text := func(name string) string {
		value := getenv(name)
		if value == "" {
			wrong = append(wrong, fmt.Errorf("%s: is required", name))
		}
		return value
	}
	port := func(name string) int {
		value := text(name)
		number, err := strconv.ParseUint(value, 10, 16)
		if value != "" && (err != nil || number == 0) {
			wrong = append(wrong, fmt.Errorf("%s: must be a port from 1 to 65535, got %q", name, value))
		}
		return int(number)
	}
	s := settings{
		port:       port("PORT"),
		host:       text("DB_HOST"),
		readerHost: text("DB_READER_HOST"),
		dbPort:     port("DB_PORT"),
		database:   text("DB_NAME"),
		username:   text("DB_USERNAME"),
		password:   text("DB_PASSWORD"),
		caFile:     getenv("DB_CA_FILE"),
	}
	for _, name := range []string{"DB_HOST", "DB_READER_HOST"} {
		if host := getenv(name); s.caFile == "" && host != "" && !thisMachine(host) {
			wrong = append(wrong, fmt.Errorf("DB_CA_FILE: is required unless %s is this machine, got %q", name, host))
		}
	}
	return s, errors.Join(wrong...)
}

func thisMachine(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
