package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

type board struct {
	Panels []struct {
		Title   string
		Targets []struct{ Expr string }
	}
}

type alerts struct {
	Groups []struct {
		Rules []struct{ Alert, Expr string }
	}
}

// queries parses every query of the board and of the alerts and looks for metrics that headcount does not have.
func queries(r *report, folder, metricsFile string) {
	content, err := os.ReadFile(metricsFile)
	if err != nil {
		r.wrong(metricsFile, "%v", err)
		return
	}
	known := map[string]bool{"up": true}
	for _, name := range strings.Fields(string(content)) {
		known[name] = true
	}
	file := filepath.Join(folder, "grafana/headcount.json")
	var shown board
	if content, err = os.ReadFile(file); err == nil {
		err = json.Unmarshal(content, &shown)
	}
	if err != nil {
		r.wrong(file, "%v", err)
	}
	for _, panel := range shown.Panels {
		for _, target := range panel.Targets {
			query(r, file+": "+panel.Title, target.Expr, known)
		}
	}
	file = filepath.Join(folder, "alerts.yml")
	var rules alerts
	if content, err = os.ReadFile(file); err == nil {
		err = yaml.Unmarshal(content, &rules)
	}
	if err != nil {
		r.wrong(file, "%v", err)
	}
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			query(r, file+": "+rule.Alert, rule.Expr, known)
		}
	}
}

func query(r *report, place, expression string, known map[string]bool) {
	parsed, err := parser.ParseExpr(expression)
	if err != nil {
		r.wrong(place, "%v", err)
		return
	}
	r.checked++
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if ok && !known[selector.Name] {
			r.wrong(place, "headcount has no metric %q", selector.Name)
		}
		return nil
	})
}

// allYAML parses every file of YAML there is, one document after the other, also those nothing else reads.
func allYAML(r *report, folder string) {
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !(strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml")) {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, document := range bytes.Split(content, []byte("\n---\n")) {
			var parsed map[string]any
			if err := yaml.UnmarshalStrict(document, &parsed); err != nil {
				r.wrong(path, "%v", err)
			} else if len(parsed) == 0 {
				r.wrong(path, "a document of it is empty")
			}
		}
		r.checked++
		return nil
	})
	if err != nil {
		r.wrong(folder, "%v", err)
	}
}
