package config

import (
	"errors"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// DurationPattern is how a file writes a duration.
const DurationPattern = `^(?:[0-9]+(?:\.[0-9]+)?(?:h|ms|m|s))+$`

// YAML 1.1 and 1.2 read 010, 0x10 and 1_000 as different numbers: an editor may
// show another one than is deployed. Only plain decimal digits are accepted.
var (
	duration    = regexp.MustCompile(DurationPattern)
	wholeNumber = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)$`)
	number      = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$`)
)

func (r *reader) scalar(key string, node ast.Node, into reflect.Value) {
	switch target := into.Addr().Interface().(type) {
	case *time.Duration:
		r.duration(key, node, target)
		return
	case *bool:
		value, ok := node.(*ast.BoolNode)
		if !ok {
			r.fail(key, "must be true or false, got %s", describe(node))
			return
		}
		*target = value.Value
		return
	case interface{ SetBool(bool) }:
		if value, ok := node.(*ast.BoolNode); ok {
			target.SetBool(value.Value)
			return
		}
	}
	switch into.Kind() {
	case reflect.String:
		r.string(key, node, into)
	case reflect.Int:
		r.whole(key, node, into)
	case reflect.Float64:
		r.number(key, node, into)
	default:
		panic("config: no reader for " + into.Type().String())
	}
}

// fractions are the durations that may be fractions of a second: those that AWS does not
// take in whole seconds.
var fractions = map[string]bool{"alarms.latency": true}

func (r *reader) duration(key string, node ast.Node, target *time.Duration) {
	text, _ := stringValue(node)
	d, err := time.ParseDuration(text)
	switch {
	case err == nil && d%time.Second != 0 && !fractions[key]:
		r.fail(key, "must be a whole number of seconds, got %s", text)
	case err != nil && duration.MatchString(text):
		r.fail(key, "must be at most %dh, got %s", int(time.Duration(math.MaxInt64).Hours()), text)
	case !duration.MatchString(text):
		r.fail(key, "must be a duration such as 15s, 5m or 24h, got %s", describe(node))
	}
	*target = d
}

// string also takes a number, as it is written: nobody means anything else by
// codes: 200 or VERSION: 1.10.
func (r *reader) string(key string, node ast.Node, into reflect.Value) {
	text, isText := stringValue(node)
	if node.Type() == ast.IntegerType || node.Type() == ast.FloatType {
		text, isText = node.GetToken().Value, true
	}
	if !isText {
		text, isText = cutAtColon(node)
	}
	switch {
	case !isText:
		r.fail(key, "must be text, in quotes if need be, got %s", describe(node))
	case strings.ContainsFunc(text, isControl):
		r.fail(key, "must not contain control characters, got %s", quoted(text))
	case strings.Contains(text, "{{resolve:"):
		r.fail(key, "must not contain {{resolve:, which CloudFormation would replace by a value of another service; "+
			"a secret belongs in service.secrets, got %s", quoted(text))
	case strings.Contains(text, "${Token["):
		r.fail(key, "must not contain ${Token[, which the CDK takes for a placeholder of its own, got %s", quoted(text))
	}
	into.SetString(text)
}

func (r *reader) whole(key string, node ast.Node, into reflect.Value) {
	text := plain(node)
	if !wholeNumber.MatchString(text) {
		if node.Type() == ast.IntegerType {
			r.fail(key, "must be a whole number in decimal digits, got %s", text)
			return
		}
		r.fail(key, "must be a whole number, got %s", describe(node))
		return
	}
	// What is out of range is the nearest number there is, which no rule allows.
	n, err := strconv.Atoi(text)
	if err != nil {
		r.written[key] = text
	}
	into.SetInt(int64(n))
}

func (r *reader) number(key string, node ast.Node, into reflect.Value) {
	text := plain(node)
	if !number.MatchString(text) {
		r.fail(key, "must be a number, got %s", describe(node))
		return
	}
	f, err := strconv.ParseFloat(text, 64)
	if errors.Is(err, strconv.ErrRange) {
		r.written[key] = text
		f = math.Copysign(math.MaxFloat64, f)
	}
	into.SetFloat(f)
}

// plain is a value that is written without quotes, as a number is. The YAML
// library takes a number that is too large for it for text.
func plain(node ast.Node) string {
	switch node.Type() {
	case ast.IntegerType, ast.FloatType:
		return node.GetToken().Value
	case ast.StringType:
		if node.GetToken().Type == token.StringType {
			return node.GetToken().Value
		}
	}
	return ""
}

// cutAtColon returns a text such as s3:GetObject that the YAML library takes for a
// key and its value: within { } it cuts at a colon without a space behind it, which
// YAML does after quotes only.
func cutAtColon(node ast.Node) (text string, isCut bool) {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		return "", false
	}
	pairs := mapping.MapRange()
	if !pairs.Next() || !touch(pairs.KeyValue()) {
		return "", false
	}
	key, value := pairs.Key().GetToken().Value, plainText(pairs.Value())
	return key + ":" + value, value != "" && !pairs.Next()
}

// touch tells whether there is nothing between an unquoted key's colon and the
// value.
func touch(pair *ast.MappingValueNode) bool {
	key, colon, value := pair.Key.GetToken(), pair.Start, pair.Value.GetToken()
	return key.Indicator != token.QuotedScalarIndicator && colon.Type == token.MappingValueType &&
		value.Position.Line == colon.Position.Line && value.Position.Column == colon.Position.Column+1
}

// plainText is a scalar as it is written without quotes.
func plainText(node ast.Node) string {
	switch t := node.GetToken(); t.Type {
	case token.SingleQuoteType, token.DoubleQuoteType:
		return ""
	default:
		if _, isScalar := node.(ast.ScalarNode); isScalar {
			return t.Value
		}
		return ""
	}
}

func stringValue(node ast.Node) (string, bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, true
	case *ast.LiteralNode:
		return node.Value.Value, true
	}
	return "", false
}
