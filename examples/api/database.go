package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

const (
	// Aurora allows 135 connections to each instance when database.maxCapacity is 4:
	// 20 tasks (scaling.max) with 5 each leave some for the tasks that come and go in
	// a deployment.
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html#aurora-serverless-v2.max-connections
	maxConnections = 5
	// An open connection, even an idle one, keeps the database from pausing. As long
	// as this allows they are kept: while the tasks are replaced after a rotation of
	// the password, only new connections are refused.
	maxIdle = 3 * time.Minute
	// New connections find readers that were added, and the writer after a failover.
	maxAge = 10 * time.Minute
	// migrationPause is between two tries to bring the schema up to date.
	migrationPause = 5 * time.Second
)

//go:embed migrations/*.sql
var migrations embed.FS

// database is the cluster: its writer, and its readers. What was just written may
// not be at the readers yet, usually for less than a tenth of a second: read from the
// writer what must be there.
type database struct {
	writer, reader *sql.DB
}

func openDatabase(s settings) (database, error) {
	writer, err := open(s, s.host)
	if err != nil {
		return database{}, err
	}
	reader, err := open(s, s.readerHost)
	if err != nil {
		return database{}, err
	}
	return database{writer, reader}, nil
}

// close ends the connections, those in use when they are given back.
func (d database) close() error {
	return errors.Join(d.writer.Close(), d.reader.Close())
}

// open makes a pool of connections to one of the cluster's endpoints. It connects
// when the first query is made.
func open(s settings, host string) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.Net = "tcp"
	config.Addr = net.JoinHostPort(host, strconv.Itoa(s.dbPort))
	config.User, config.Passwd, config.DBName = s.username, s.password, s.database
	config.ParseTime = true
	// No longer than a request; its context ends a query before.
	config.Timeout, config.ReadTimeout, config.WriteTimeout = requestTimeout, requestTimeout, requestTimeout
	// After a failover the writer's old address may answer as a reader. Such a
	// connection is given up, and the next one asks the DNS again.
	config.RejectReadOnly = true
	config.Logger = slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn)
	var err error
	if config.TLS, err = trust(s.caFile); err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", host, err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(maxConnections)
	pool.SetMaxIdleConns(maxConnections)
	pool.SetConnMaxIdleTime(maxIdle)
	pool.SetConnMaxLifetime(maxAge)
	return pool, nil
}

// trust is whom to believe that the database is the database. RDS has authorities
// of its own; AWS documents both them and Amazon's public one, which systems know,
// for serverless instances. Without a file the connection is in the clear.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL.html
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-administration.html#aurora-serverless-v2.tls
func trust(caFile string) (*tls.Config, error) {
	if caFile == "" {
		return nil, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("the system's certificates: %w", err)
	}
	certificates, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("DB_CA_FILE: %w", err)
	}
	if !roots.AppendCertsFromPEM(certificates) {
		return nil, fmt.Errorf("DB_CA_FILE: must be a file of certificates in PEM, got %q", caFile)
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}

// migrateUntilDone brings the schema up to date, however long the database can't be
// reached. All tasks do it when they start; a lock in the database lets one of
// them work.
func (d database) migrateUntilDone(ctx context.Context) {
	for {
		version, err := migrate(ctx, d.writer)
		if err == nil {
			slog.Info("schema is up to date", "version", version)
			return
		}
		if ctx.Err() != nil {
			return
		}
		slog.Error("schema not up to date, trying again", "error", err, "pause", migrationPause.String())
		select {
		case <-ctx.Done():
			return
		case <-time.After(migrationPause):
		}
	}
}

func migrate(ctx context.Context, db *sql.DB) (version int64, err error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	// A task asks for the lock each second, as long as migrations may take.
	locker, err := lock.NewMySQLTableLocker(lock.WithTableLockTimeout(time.Second, 300))
	if err != nil {
		return 0, err
	}
	provider, err := goose.NewProvider(goose.DialectMySQL, db, files, goose.WithLocker(locker))
	if err != nil {
		return 0, err
	}
	if _, err := provider.Up(ctx); err != nil {
		return 0, err
	}
	return provider.GetDBVersion(ctx)
}
