package lib

import "strings"

// Version is that of this project. CHANGELOG.md says what is in it.
const Version = "1.1.0"

// product begins a stack's description, before the version: the project's own
// name is the configuration's, and may be another.
const product = "CloudStruct "

// description tells where a stack came from, and what it is.
func description() string {
	return product + Version + ": a containerized API, where a pushed image goes live or is rolled back"
}

// VersionOf is the version that a stack with this description came from, if it
// tells.
func VersionOf(description string) (version string, ok bool) {
	rest, ok := strings.CutPrefix(description, product)
	if !ok {
		return "", false
	}
	version, _, ok = strings.Cut(rest, ": ")
	return version, ok
}
