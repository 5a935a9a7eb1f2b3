package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"

	"cloudstruct/config"
)

// setting is a key with what its comment says about it.
type setting struct {
	config.Setting
	Meaning string
}

// documented reads the comments of the configuration's types, and wants one for
// each key.
func documented(source string) ([]setting, error) {
	comments, err := commentsOf(source)
	if err != nil {
		return nil, err
	}
	var list []setting
	var problems []error
	for _, s := range config.Settings() {
		meaning := comments[s.Type+"."+s.Field]
		if meaning == "" {
			problems = append(problems, fmt.Errorf("%s: field %s of %s has no comment", source, s.Field, s.Type))
		}
		list = append(list, setting{s, meaning})
	}
	return list, errors.Join(problems...)
}

// commentsOf is the first paragraph of each field's comment, by Type.Field.
func commentsOf(source string) (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	comments := map[string]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		declared, ok := node.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if fields, ok := declared.Type.(*ast.StructType); ok {
			for _, field := range fields.Fields.List {
				first, _, _ := strings.Cut(field.Doc.Text(), "\n\n")
				comments[declared.Name.Name+"."+field.Names[0].Name] = strings.Join(strings.Fields(first), " ")
			}
		}
		return false
	})
	return comments, nil
}

const (
	tableStart = "<!-- settings: made by `make docs` -->\n"
	tableEnd   = "<!-- end of settings -->\n"
)

// withTable puts the table of settings between its marks in a page.
func withTable(page []byte, settings []setting) ([]byte, error) {
	before, rest, ok := bytes.Cut(page, []byte(tableStart))
	_, after, okEnd := bytes.Cut(rest, []byte(tableEnd))
	if !ok || !okEnd {
		return nil, fmt.Errorf("has no place for the table: the lines %q and %q", tableStart, tableEnd)
	}
	var b bytes.Buffer
	b.Write(before)
	b.WriteString(tableStart + "\n| key | default | what it is | allowed |\n|---|---|---|---|\n")
	for _, s := range settings {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", s.name(), code(s.Default), cell(s.Meaning), cell(s.allowedWords()))
	}
	b.WriteString("\n" + tableEnd)
	b.Write(after)
	return b.Bytes(), nil
}

// name is the key, bold for a block that others are in.
func (s setting) name() string {
	if s.Kind == "block" || s.Kind == "list" {
		return "**`" + s.Key + "`**"
	}
	return "`" + s.Key + "`"
}

// allowedWords cuts a list of many choices short.
func (s setting) allowedWords() string {
	choices := strings.Split(s.Allowed, ", ")
	if len(choices) <= 15 {
		return s.Allowed
	}
	return strings.Join(choices[:4], ", ") + ", ..., " + choices[len(choices)-1]
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(text, "|", `\|`) + "`"
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
