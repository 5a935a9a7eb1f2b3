package config

import (
	"bytes"
	"fmt"
	"os"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

const (
	// maxSize is four times what a task definition holds, which is where almost all
	// of a large configuration ends up.
	maxSize = 256 << 10
	// maxNesting is several times the depth of the deepest key. The YAML library
	// takes quadratic time for what is nested.
	maxNesting = 32
)

// readFile reads a configuration file. It does not wait for a pipe, and every
// error is one line that begins with the path.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, named(path, err)
	case info.IsDir():
		return nil, fmt.Errorf("%s: must be a YAML file, got a folder", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: must be a regular file, got a pipe, socket or device", path)
	case info.Size() > maxSize:
		return nil, fmt.Errorf("%s: must be at most %d KiB, got %d", path, maxSize>>10, info.Size()>>10)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, named(path, err)
	}
	return data, nil
}

// named leaves out the name of the system call, which means nothing to the
// writer of a configuration.
func named(path string, err error) error {
	if cause, ok := err.(*os.PathError); ok { //nolint:errorlint // os.Stat and os.ReadFile return it as it is
		err = cause.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// text returns the file without a byte order mark, or reports why it is no text
// that can be read as YAML.
func (r *reader) text(data []byte) (text []byte, ok bool) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		r.mistakes = append(r.mistakes, Mistake{Line: 1, Message: "must be UTF-8 text, got UTF-16"})
		return nil, false
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for i := 0; i < len(data); {
		char, size := utf8.DecodeRune(data[i:])
		switch {
		case char == utf8.RuneError && size == 1:
			return nil, r.noText(data[:i], fmt.Sprintf("must be UTF-8 text, got the byte 0x%02x", data[i]))
		case isControl(char):
			return nil, r.noText(data[:i], fmt.Sprintf("must be text, got the control character %U", char))
		}
		i += size
	}
	return data, r.isShallow(string(data))
}

// noText reports what comes after a part of the file. It returns false.
func (r *reader) noText(before []byte, message string) bool {
	// A carriage return ends a line too, unless a line feed follows it.
	line := 1 + bytes.Count(before, []byte("\n")) + bytes.Count(before, []byte("\r")) - bytes.Count(before, []byte("\r\n"))
	r.mistakes = append(r.mistakes, Mistake{Line: line, Message: message})
	return false
}

// isControl is true for characters that YAML allows only as an escape.
func isControl(char rune) bool {
	return unicode.IsControl(char) && char != '\t' && char != '\n' && char != '\r' && char != '\u0085'
}

// isShallow reports brackets and dashes that are nested too deeply. Nesting by
// indentation is limited by the size of the file.
func (r *reader) isShallow(text string) bool {
	brackets, dashes, dashLine := 0, 0, 0
	for _, t := range lexer.Tokenize(text) {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType:
			if t.Position.Line != dashLine {
				dashLine, dashes = t.Position.Line, 0
			}
			dashes++
		}
		if brackets > maxNesting || dashes > maxNesting {
			r.mistakes = append(r.mistakes, Mistake{Line: t.Position.Line, Message: fmt.Sprintf("must not nest deeper than %d levels", maxNesting)})
			return false
		}
	}
	return true
}
