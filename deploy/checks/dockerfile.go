package main

import (
	"os"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// dockerfile parses every instruction as a build does, and lints.
func dockerfile(r *report, file string) {
	opened, err := os.Open(file)
	if err != nil {
		r.wrong(file, "%v", err)
		return
	}
	defer opened.Close()
	parsed, err := parser.Parse(opened)
	if err != nil {
		r.wrong(file, "%v", err)
		return
	}
	for _, warning := range parsed.Warnings {
		r.wrong(file, "%s", warning.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, description, _, message string, _ []parser.Range) {
		r.wrong(file, "%s: %s (%s)", rule, message, description)
	}})
	stages, _, err := instructions.Parse(parsed.AST, lint)
	if err != nil {
		r.wrong(file, "%v", err)
		return
	}
	for _, stage := range stages {
		r.checked += len(stage.Commands)
	}
	last := stages[len(stages)-1]
	user := ""
	for _, command := range last.Commands {
		if set, ok := command.(*instructions.UserCommand); ok {
			user = set.User
		}
	}
	if user == "" || user == "root" || user[0] == '0' {
		r.wrong(file, "what runs runs as root")
	}
}
