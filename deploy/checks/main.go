// Checks the files of deploy/ as far as a machine without an engine can: deploy/check runs it.
//
//	checks DEPLOY_FOLDER METRICS_FILE
//
// METRICS_FILE has the names of metrics that headcount has, one a line.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// report counts what was checked and keeps what is wrong.
type report struct {
	checked  int
	problems []string
}

func (r *report) wrong(place, format string, arguments ...any) {
	r.problems = append(r.problems, place+": "+fmt.Sprintf(format, arguments...))
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: checks DEPLOY_FOLDER METRICS_FILE")
		os.Exit(64)
	}
	folder := os.Args[1]
	subjects := []struct {
		name  string
		check func(r *report)
	}{
		{"services of compose.yaml", func(r *report) { compose(r, filepath.Join(folder, "compose.yaml")) }},
		{"objects of kubernetes/", func(r *report) { kubernetes(r, filepath.Join(folder, "kubernetes")) }},
		{"instructions of Dockerfile", func(r *report) { dockerfile(r, filepath.Join(folder, "Dockerfile")) }},
		{"queries of the board and the alerts", func(r *report) { queries(r, folder, os.Args[2]) }},
		{"files of YAML", func(r *report) { allYAML(r, folder) }},
	}
	failed := false
	for _, subject := range subjects {
		r := &report{}
		subject.check(r)
		if r.checked == 0 {
			r.wrong(subject.name, "there are none")
		}
		fmt.Printf("%4d %s\n", r.checked, subject.name)
		for _, problem := range r.problems {
			fmt.Printf("     WRONG %s\n", problem)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}
