package main

import (
	"context"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// compose loads the file as `docker compose config` does: schema, interpolation, anchors, references between services.
func compose(r *report, file string) {
	details := types.ConfigDetails{
		WorkingDir:  filepath.Dir(file),
		ConfigFiles: []types.ConfigFile{{Filename: file}},
		Environment: types.Mapping{"S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "b", "GRAFANA_PASSWORD": "c", "CASSANDRA_PASSWORD": "d"},
	}
	project, err := loader.LoadWithContext(context.Background(), details, func(options *loader.Options) {
		options.SetProjectName("headcount", true)
	})
	if err != nil {
		r.wrong(file, "%v", err)
		return
	}
	r.checked = len(project.Services)
	for name, service := range project.Services {
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				r.wrong(file, "service %s publishes port %s to everybody", name, port.Published)
			}
		}
		for _, mount := range service.Volumes {
			if mount.Type == types.VolumeTypeBind {
				if _, err := filepath.EvalSymlinks(mount.Source); err != nil {
					r.wrong(file, "service %s mounts a file that is not there: %v", name, err)
				}
			}
		}
	}
	// Without its variables nothing may start with a password that everybody knows.
	details.Environment = types.Mapping{}
	if _, err := loader.LoadWithContext(context.Background(), details, func(options *loader.Options) {
		options.SetProjectName("headcount", true)
	}); err == nil {
		r.wrong(file, "it starts without keys and passwords of one's own")
	}
}
