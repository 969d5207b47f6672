package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// kinds are the types of Kubernetes's own API that the manifests may have.
var kinds = map[string]func() any{
	"v1/Namespace":                       func() any { return &core.Namespace{} },
	"v1/ServiceAccount":                  func() any { return &core.ServiceAccount{} },
	"v1/ConfigMap":                       func() any { return &core.ConfigMap{} },
	"v1/Secret":                          func() any { return &core.Secret{} },
	"v1/Service":                         func() any { return &core.Service{} },
	"apps/v1/StatefulSet":                func() any { return &apps.StatefulSet{} },
	"apps/v1/Deployment":                 func() any { return &apps.Deployment{} },
	"policy/v1/PodDisruptionBudget":      func() any { return &policy.PodDisruptionBudget{} },
	"networking.k8s.io/v1/NetworkPolicy": func() any { return &networking.NetworkPolicy{} },
}

type kustomization struct {
	meta.TypeMeta `json:",inline"`
	Namespace     string              `json:"namespace"`
	Resources     []string            `json:"resources"`
	Images        []map[string]string `json:"images"`
}

// workload is a set of pods and how it finds them.
type workload struct {
	name     string
	selector *meta.LabelSelector
	pods     core.PodTemplateSpec
}

// kubernetes reads every object strictly (a field that its type does not have is an error) and follows what they name.
func kubernetes(r *report, folder string) {
	objects := map[string]any{}
	files, _ := filepath.Glob(filepath.Join(folder, "*.yaml"))
	listed := resources(r, filepath.Join(folder, "kustomization.yaml"))
	for _, file := range files {
		name := filepath.Base(file)
		if name == "kustomization.yaml" {
			continue
		}
		if !slices.Contains(listed, name) && !strings.HasPrefix(name, "secrets.") {
			r.wrong(file, "kustomization.yaml does not list it")
		}
		content, err := os.ReadFile(file)
		if err != nil {
			r.wrong(file, "%v", err)
			continue
		}
		for _, document := range bytes.Split(content, []byte("\n---\n")) {
			object(r, file, document, objects)
		}
	}
	for _, found := range objects {
		switch set := found.(type) {
		case *apps.StatefulSet:
			follow(r, workload{set.Name, set.Spec.Selector, set.Spec.Template}, objects)
			if objects["Service/"+set.Spec.ServiceName] == nil {
				r.wrong(set.Name, "there is no service %s", set.Spec.ServiceName)
			}
		case *apps.Deployment:
			follow(r, workload{set.Name, set.Spec.Selector, set.Spec.Template}, objects)
		}
	}
}

func resources(r *report, file string) []string {
	content, err := os.ReadFile(file)
	if err != nil {
		r.wrong(file, "%v", err)
		return nil
	}
	var listed kustomization
	if err := yaml.UnmarshalStrict(content, &listed); err != nil {
		r.wrong(file, "%v", err)
	}
	for _, name := range listed.Resources {
		if _, err := os.Stat(filepath.Join(filepath.Dir(file), name)); err != nil {
			r.wrong(file, "%v", err)
		}
	}
	return listed.Resources
}

func object(r *report, file string, document []byte, objects map[string]any) {
	var head struct {
		meta.TypeMeta `json:",inline"`
		Metadata      meta.ObjectMeta `json:"metadata"`
	}
	if err := yaml.Unmarshal(document, &head); err != nil {
		r.wrong(file, "%v", err)
		return
	}
	make, known := kinds[head.APIVersion+"/"+head.Kind]
	if !known {
		r.wrong(file, "%s %s is no kind that is known here", head.APIVersion, head.Kind)
		return
	}
	typed := make()
	if err := yaml.UnmarshalStrict(document, typed); err != nil {
		r.wrong(file, "%s %s: %v", head.Kind, head.Metadata.Name, err)
	}
	key := head.Kind + "/" + head.Metadata.Name
	if objects[key] != nil {
		r.wrong(file, "%s is there twice", key)
	}
	objects[key] = typed
	r.checked++
}

// follow checks what the pods name: labels, ports, volumes, configuration, variables, and how far they are locked in.
func follow(r *report, set workload, objects map[string]any) {
	selector, err := meta.LabelSelectorAsSelector(set.selector)
	if err != nil || !selector.Matches(labels(set.pods.Labels)) {
		r.wrong(set.name, "the selector does not match its pods")
	}
	spec := set.pods.Spec
	if objects["ServiceAccount/"+spec.ServiceAccountName] == nil {
		r.wrong(set.name, "there is no service account %s", spec.ServiceAccountName)
	}
	if spec.SecurityContext == nil || spec.SecurityContext.RunAsNonRoot == nil || !*spec.SecurityContext.RunAsNonRoot {
		r.wrong(set.name, "it may run as root")
	}
	var volumes []string
	for _, volume := range spec.Volumes {
		volumes = append(volumes, volume.Name)
		if volume.Secret != nil {
			for _, item := range volume.Secret.Items {
				names(r, set.name, "Secret", volume.Secret.SecretName, item.Key, objects)
			}
			names(r, set.name, "Secret", volume.Secret.SecretName, "", objects)
		}
		if volume.ConfigMap != nil {
			names(r, set.name, "ConfigMap", volume.ConfigMap.Name, "", objects)
		}
	}
	for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
		locked := container.SecurityContext
		if locked == nil || locked.ReadOnlyRootFilesystem == nil || !*locked.ReadOnlyRootFilesystem {
			r.wrong(set.name, "the root of %s can be written to", container.Name)
		}
		for _, mount := range container.VolumeMounts {
			if !slices.Contains(volumes, mount.Name) {
				r.wrong(set.name, "there is no volume %s", mount.Name)
			}
		}
		variables(r, set.name, container, objects)
		probes(r, set.name, container)
	}
}

func variables(r *report, name string, container core.Container, objects map[string]any) {
	known := map[string]string{}
	for _, variable := range container.Env {
		known[variable.Name] = variable.Value
		if from := variable.ValueFrom; from != nil && from.SecretKeyRef != nil {
			names(r, name, "Secret", from.SecretKeyRef.Name, from.SecretKeyRef.Key, objects)
		}
		if from := variable.ValueFrom; from != nil && from.ConfigMapKeyRef != nil {
			names(r, name, "ConfigMap", from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key, objects)
		}
	}
	for _, from := range container.EnvFrom {
		if from.ConfigMapRef != nil {
			config, ok := objects["ConfigMap/"+from.ConfigMapRef.Name].(*core.ConfigMap)
			if !ok {
				r.wrong(name, "there is no ConfigMap %s", from.ConfigMapRef.Name)
				continue
			}
			for key, value := range config.Data {
				known[key] = value
			}
		}
		if from.SecretRef != nil {
			names(r, name, "Secret", from.SecretRef.Name, "", objects)
		}
	}
	used := regexp.MustCompile(`\$\(([A-Z_]+)\)`)
	for _, argument := range container.Args {
		for _, found := range used.FindAllStringSubmatch(argument, -1) {
			value, has := known[found[1]]
			if !has {
				r.wrong(name, "%s has a value nowhere", found[0])
			}
			authority(r, name, value, container)
		}
	}
}

// names follows a reference to a secret or a ConfigMap, and to a key of it.
func names(r *report, from, kind, name, key string, objects map[string]any) {
	keys := map[string]bool{"": true}
	switch found := objects[kind+"/"+name].(type) {
	case *core.Secret:
		for key := range found.Data {
			keys[key] = true
		}
		for key := range found.StringData {
			keys[key] = true
		}
	case *core.ConfigMap:
		for key := range found.Data {
			keys[key] = true
		}
	default:
		r.wrong(from, "there is no %s %s, nor an example of it", kind, name)
		return
	}
	if !keys[key] {
		r.wrong(from, "%s %s has no key %s", kind, name, key)
	}
}

// authority looks whether the file that an address names with ca= is in a volume of the container.
func authority(r *report, name, address string, container core.Container) {
	found := regexp.MustCompile(`[?&]ca=([^&]+)`).FindStringSubmatch(address)
	if found == nil {
		return
	}
	for _, mount := range container.VolumeMounts {
		if strings.HasPrefix(found[1], mount.MountPath+"/") {
			return
		}
	}
	r.wrong(name, "%s is in none of its volumes", found[1])
}

func probes(r *report, name string, container core.Container) {
	var ports []string
	for _, port := range container.Ports {
		ports = append(ports, port.Name)
	}
	for _, probe := range []*core.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
		if probe == nil {
			continue
		}
		port := ""
		switch {
		case probe.HTTPGet != nil:
			port = probe.HTTPGet.Port.StrVal
		case probe.TCPSocket != nil:
			port = probe.TCPSocket.Port.StrVal
		}
		if !slices.Contains(ports, port) {
			r.wrong(name, "a probe asks on a port that is not there: %q", port)
		}
	}
}

// labels lets a selector look at a map.
type labels map[string]string

func (l labels) Has(key string) bool              { _, has := l[key]; return has }
func (l labels) Get(key string) string            { return l[key] }
func (l labels) Lookup(key string) (string, bool) { value, has := l[key]; return value, has }
