package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	username = "dbadmin"
	password = "a-password_of_32_characters_0123"
)

// server is a MariaDB server that all tests share; each has a database of its own.
type server struct {
	port    int
	admin   *sql.DB
	caFile  string
	process *exec.Cmd
	dir     string
}

// mariadb starts it for the first test that needs it.
var mariadb = sync.OnceValues(startMariaDB)

// newDatabase makes an empty one, and skips the test where there is no server.
func newDatabase(t *testing.T) (server, string) {
	t.Helper()
	if _, _, ok := findMariaDB(); !ok {
		t.Skip("no MariaDB server: apt-get install mariadb-server, or testdata/mariadb.sh DIR and MARIADB=DIR")
	}
	name := fmt.Sprintf("notes_%d", databases.Add(1))
	s, err := mariadb()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.admin.Exec("create database " + name); err != nil {
		t.Fatal(err)
	}
	return s, name
}

var databases atomic.Int32

// findMariaDB prefers what MARIADB names, a folder that testdata/mariadb.sh filled.
// The libraries are those that it brought and the system lacks.
func findMariaDB() (root, libraries string, ok bool) {
	if dir := os.Getenv("MARIADB"); dir != "" {
		found, _ := filepath.Glob(filepath.Join(dir, "usr/lib/*-linux-gnu"))
		if len(found) == 1 {
			return filepath.Join(dir, "usr"), found[0], true
		}
	}
	_, err := os.Stat("/usr/sbin/mariadbd")
	return "/usr", "", err == nil
}

func startMariaDB() (s server, err error) {
	root, libraries, _ := findMariaDB()
	me, err := user.Current()
	if err != nil {
		return s, err
	}
	if s.dir, err = os.MkdirTemp("", "notes"); err != nil {
		return s, err
	}
	data := filepath.Join(s.dir, "data")
	common := []string{"--no-defaults", "--basedir=" + root, "--datadir=" + data, "--user=" + me.Username}
	environment := append(os.Environ(), "LD_LIBRARY_PATH="+libraries)

	install := exec.Command(filepath.Join(root, "bin/mariadb-install-db"),
		append(common, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")...)
	install.Env = environment
	if output, err := install.CombinedOutput(); err != nil {
		return s, fmt.Errorf("mariadb-install-db: %w\n%s", err, output)
	}
	var certificate, key string
	if s.caFile, certificate, key, err = writeCertificates(s.dir); err != nil {
		return s, err
	}
	if s.port, err = freePort(); err != nil {
		return s, err
	}
	socket := filepath.Join(s.dir, "socket")
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return s, err
	}
	defer log.Close()
	s.process = exec.Command(filepath.Join(root, "sbin/mariadbd"), append(common, "--bind-address=127.0.0.1", "--skip-name-resolve",
		"--port="+strconv.Itoa(s.port), "--socket="+socket, "--pid-file="+filepath.Join(s.dir, "pid"),
		"--ssl-cert="+certificate, "--ssl-key="+key, "--innodb-flush-log-at-trx-commit=0")...)
	s.process.Env, s.process.Stdout, s.process.Stderr = environment, log, log
	if err := s.process.Start(); err != nil {
		return s, err
	}
	if s.admin, err = sql.Open("mysql", "root@unix("+socket+")/"); err != nil {
		return s, err
	}
	if err := s.ready(30 * time.Second); err != nil {
		said, _ := os.ReadFile(log.Name())
		return s, fmt.Errorf("mariadbd: %w\n%s", err, said)
	}
	// The second, who is refused without TLS, shows that there is TLS.
	for _, who := range []string{username + "@'%' identified by '" + password + "'", "encrypted@'%' identified by '" + password + "' require ssl"} {
		if _, err := s.admin.Exec("grant all on *.* to " + who); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s server) ready(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for {
		err := s.admin.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stopMariaDB leaves nothing behind.
func stopMariaDB() {
	if databases.Load() == 0 {
		return
	}
	s, _ := mariadb()
	if s.process != nil && s.process.Process != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
	}
	_ = os.RemoveAll(s.dir)
}

// writeCertificates makes an authority, and a certificate of its for 127.0.0.1.
func writeCertificates(dir string) (ca, certificate, key string, err error) {
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", "", err
	}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", "", err
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	database := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "database"}, NotAfter: authority.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	if err != nil {
		return "", "", "", err
	}
	databaseDER, err := x509.CreateCertificate(rand.Reader, database, authority, &serverKey.PublicKey, authorityKey)
	if err != nil {
		return "", "", "", err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(serverKey)
	if err != nil {
		return "", "", "", err
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err == nil {
			err = os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
		}
		return path
	}
	ca, certificate, key = write("ca.pem", "CERTIFICATE", authorityDER), write("cert.pem", "CERTIFICATE", databaseDER), write("key.pem", "PRIVATE KEY", keyDER)
	return ca, certificate, key, err
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}
