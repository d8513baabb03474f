// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
)

// backupOptions are the flags and the argument of the backup command.
type backupOptions struct {
	server     string
	apiKeyFile string
	file       string
}

func newBackupCommand() *cobra.Command {
	var o backupOptions
	command := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the data file of a running server",
		Long: "Copy the data file of a running server, as it is at one moment, and check the copy. FILE appears complete\n" +
			"or not at all. To restore, put it into a data directory as rooms.db, beside the seal.key it belongs to, which\n" +
			"is not part of the copy: keep one of that too, somewhere else.",
		Example: "  roomserver backup --api-key-file api-keys rooms.db.backup",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("name the file to copy to, and nothing else")
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			o.file = args[0]
			if err := o.validate(); err != nil {
				return err
			}
			size, err := o.run(command.Context())
			if err != nil {
				return fmt.Errorf("back up %s: %w", o.server, err)
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "wrote %d bytes to %s\n", size, o.file)
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.server, "server", "http://127.0.0.1:7345", "URL of the server")
	flags.StringVar(&o.apiKeyFile, "api-key-file", "", apiKeyFileUsage)
	return command
}

func (o backupOptions) validate() error {
	if o.apiKeyFile == "" {
		return usagef("--api-key-file is missing: name the file that holds an API key of the server")
	}
	if u, err := url.Parse(o.server); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return usagef("--server must be a URL like https://rooms.example.com")
	}
	return nil
}

func (o backupOptions) run(ctx context.Context) (size int64, err error) {
	keys, err := readAPIKeys(o.apiKeyFile)
	if err != nil {
		return 0, err
	}
	address, err := url.JoinPath(o.server, roomserver.BackupPath)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+keys[0].Encode())
	request.Close = true
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		return 0, fmt.Errorf("%s: %s", response.Status, text)
	}
	return o.save(response.Body)
}

// save writes the copy beside its final place, checks it and moves it there.
func (o backupOptions) save(from io.Reader) (size int64, err error) {
	file, err := os.CreateTemp(filepath.Dir(o.file), filepath.Base(o.file)+".*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	size, err = io.Copy(file, from)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, err
	}
	if err = store.Check(file.Name()); err != nil {
		return 0, err
	}
	return size, os.Rename(file.Name(), o.file)
}
