// The benchmark action (../action.c) on the Go SDK, to be measured beside: see ../bench.py.
//
//	go mod tidy && go build -o /tmp/peer .
//
// The SDK keeps executions in memory. With -keep each is in a file of its own, too, which is
// written and synced before a call is answered, and gone when it is stopped: the least that a
// server would do that is to know its executions after a power cut.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/steadybit/action-kit/go/action_kit_api/v2"
	"github.com/steadybit/action-kit/go/action_kit_sdk"
	"github.com/steadybit/extension-kit/exthttp"
	"github.com/steadybit/extension-kit/extlogging"
	"github.com/steadybit/extension-kit/extutil"
)

const actionID = "org.actionkit.bench"

type state struct {
	Duration int64  `json:"duration"`
	File     string `json:"file"`
	Step     string `json:"step"`
	Polls    int64  `json:"polls"`
}

type bench struct{}

func (bench) NewEmptyState() state { return state{} }

func (bench) Describe() action_kit_api.ActionDescription {
	return action_kit_api.ActionDescription{
		Id: actionID, Label: "Benchmark", Version: "1.0.0",
		Description: "Does nothing, and says so.",
		Kind:        action_kit_api.Attack,
		TimeControl: action_kit_api.TimeControlExternal,
		Parameters: []action_kit_api.ActionParameter{
			{Name: "duration", Label: "Duration",
				Type:     action_kit_api.ActionParameterTypeDuration,
				Required: extutil.Ptr(true), DefaultValue: extutil.Ptr("30s")},
			{Name: "file", Label: "File", Type: action_kit_api.ActionParameterTypeFile},
		},
		Status: &action_kit_api.MutatingEndpointReferenceWithCallInterval{
			CallInterval: extutil.Ptr("1s")},
	}
}

func message(text string) *action_kit_api.Messages {
	return &action_kit_api.Messages{{Level: extutil.Ptr(action_kit_api.Info), Message: text}}
}

func (bench) Prepare(_ context.Context, s *state, r action_kit_api.PrepareActionRequestBody) (
	*action_kit_api.PrepareResult, error) {
	duration, _ := r.Config["duration"].(float64)
	file, _ := r.Config["file"].(string)
	*s = state{Duration: int64(duration), File: file, Step: "prepared"}
	return &action_kit_api.PrepareResult{Messages: message("prepared")}, nil
}

func (bench) Start(_ context.Context, s *state) (*action_kit_api.StartResult, error) {
	s.Step = "started"
	return &action_kit_api.StartResult{Messages: message("started")}, nil
}

func (bench) Status(_ context.Context, s *state) (*action_kit_api.StatusResult, error) {
	return &action_kit_api.StatusResult{
		Messages: message("running"),
		Metrics: &action_kit_api.Metrics{{
			Name: extutil.Ptr("polls"), Value: float64(s.Polls), Timestamp: time.Now(),
			Metric: map[string]string{"source": "bench"}}},
	}, nil
}

func (bench) Stop(_ context.Context, s *state) (*action_kit_api.StopResult, error) {
	s.Step = "stopped"
	return &action_kit_api.StopResult{Messages: message("stopped")}, nil
}

// A reply that is held back until what it says is on the disk.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *held) Header() http.Header            { return h.header }
func (h *held) WriteHeader(status int)         { h.status = status }
func (h *held) Write(data []byte) (int, error) { return h.body.Write(data) }

// keeper answers as next does, and keeps the reply of each call of an execution in a directory.
type keeper struct {
	next      http.Handler
	directory string
}

func (k keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request struct {
		ExecutionID uuid.UUID `json:"executionId"`
	}
	verb := strings.TrimPrefix(r.URL.Path, "/"+actionID+"/")
	isJSON := strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
	if r.Method != http.MethodPost || verb == r.URL.Path || !isJSON {
		k.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	reply := &held{header: w.Header(), status: http.StatusOK}
	k.next.ServeHTTP(reply, r)
	path := filepath.Join(k.directory, request.ExecutionID.String())
	if err := keep(path, reply.body.Bytes()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if verb == "stop" {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.WriteHeader(reply.status)
	_, _ = w.Write(reply.body.Bytes())
}

func keep(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Write(data); err != nil {
		return err
	}
	return file.Sync()
}

func main() {
	port := flag.Int("port", 8090, "TCP port to listen on")
	directory := flag.String("keep", "", "directory in which executions are kept")
	flag.Parse()
	extlogging.InitZeroLog()
	action_kit_sdk.RegisterAction(bench{})
	exthttp.RegisterHttpHandler("/", exthttp.GetterAsHandler(action_kit_sdk.GetActionList))
	if *directory != "" {
		// The SDK serves http.DefaultServeMux.
		inner := http.DefaultServeMux
		http.DefaultServeMux = http.NewServeMux()
		http.DefaultServeMux.Handle("/", keeper{inner, *directory})
	}
	exthttp.Listen(exthttp.ListenOpts{Port: *port})
}
