package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/zoomsim"
)

func demoCommand(s *session) *cobra.Command {
	var once bool
	var seed int64
	cmd := &cobra.Command{
		Use: "demo", Short: "See everything at once, on a simulated account", GroupID: groupStart, Args: cobra.NoArgs,
		Long: "Starts a simulated Zoom account, saves and proves a credential, mints a token, reads the meeting\n" +
			"activity report into SQLite, and lets another program read it through the gateway, in a home of its\n" +
			"own that it prints. Without --once it ends with the address of its page, and a one-time link to it. The same commands do the same with your own account.",
		Example: "stagedoor demo --once",
	}
	cmd.Flags().BoolVar(&once, "once", false, "end when all is shown; otherwise simulator and gateway stay up")
	cmd.Flags().Int64Var(&seed, "seed", 0, "which made-up account (0: a random one)")
	cmd.RunE = s.plain(func(ctx context.Context, _ []string) error {
		home, err := os.MkdirTemp("", "stagedoor-demo-")
		if err != nil {
			return &stagedoor.Error{
				Op: "make a home for the demo", Subject: os.TempDir(), Kind: stagedoor.KindStore, Err: err,
				Cause: "no folder can be made there", Fix: "Name a folder for temporary files with TMPDIR.",
			}
		}
		d := demo{session: &session{terminal: s.terminal, settings: s.settings}, home: home, into: filepath.Join(home, "zoom.db")}
		// A home of its own: what flags and environment say of the user's real
		// database and key is not for the demo.
		d.settings.Home, d.settings.Database, d.settings.Key = home, "sqlite:"+filepath.Join(home, "stagedoor.db"), "file:"+filepath.Join(home, "key")
		if err := d.run(ctx, seed); err != nil {
			return errors.Join(err, d.close())
		}
		if once {
			d.next("stagedoor credential add NAME   with your own account; it asks for all that it needs")
			return d.close()
		}
		if err := d.page(ctx); err != nil {
			return errors.Join(err, d.close())
		}
		d.invite()
		<-ctx.Done()
		return d.close()
	})
	return cmd
}

type demo struct {
	*session
	home, into string
	sim        *zoomsim.Simulator
	demoGateway
}

// close ends what the demo has running.
func (d *demo) close() error {
	err := d.demoGateway.close()
	if d.sim != nil {
		err = errors.Join(err, d.sim.Close())
	}
	return err
}

func (d *demo) step(title, command string) {
	d.say("\n%s", bold.Render(title))
	if command != "" {
		d.say("%s", faint.Render("$ "+command))
	}
}

func (d *demo) run(ctx context.Context, seed int64) error {
	if err := d.reads(ctx, seed); err != nil {
		return err
	}
	return d.lets(ctx)
}

// reads shows what one does with a credential of one's own.
func (d *demo) reads(ctx context.Context, seed int64) error {
	d.say("Stagedoor on a simulated Zoom account. Everything lies in %s", d.home)
	d.step("1  a simulated Zoom", "stagedoor sim zoom")
	var err error
	if d.sim, err = startSim(zoomsim.Options{Seed: seed}); err != nil {
		return err
	}
	info := d.sim.Info()
	host := simHost(info)
	d.say("up at %s, seed %d, with reports from %s to %s", info.APIURL, info.Seed, info.Since, info.Until)

	a, err := d.open()
	if err != nil {
		return err
	}
	defer a.Close()

	d.step("2  a credential, proven before it is saved", fmt.Sprintf("stagedoor credential add demo --account-id %s --client-id %s …", info.AccountID, info.ClientID))
	watching := d.watching("demo", false)
	c, _, err := a.Add(ctx, stagedoor.Credential{
		Slug: "demo", Name: "Demo", Description: "a simulated account", Provider: stagedoor.Zoom.Name, Plan: stagedoor.PlanPro,
		AccountID: info.AccountID, ClientID: info.ClientID, ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret(info.ClientSecret)},
		TokenURL: info.TokenURL, APIURL: info.APIURL, AllowHosts: []string{host},
	}, true, watching)
	watching.end()
	if err != nil {
		return err
	}
	d.say("saved, sealed with the key %s", filepath.Join(d.home, "key"))

	d.step("3  its token", "stagedoor token demo")
	if err := d.token(ctx, a, c); err != nil {
		return err
	}

	d.step("4  the meeting activity report, into SQLite", fmt.Sprintf("stagedoor sync demo meeting_activities --since %s --until %s --into sqlite:%s", info.Since, info.Until, d.into))
	flags := syncFlags{since: info.Since, until: info.Until, into: "sqlite:" + d.into}
	if err := d.sync(ctx, a, flags, []string{"demo", "meeting_activities"}); err != nil {
		return err
	}

	query := "select activity_time, meeting_number, operator, activity_category from meeting_activities order by activity_time desc limit 12"
	d.step("5  the rows", "sqlite3 "+d.into+" '"+query+"'")
	return d.rows(ctx, query)
}

func (d *demo) token(ctx context.Context, a *app.App, c stagedoor.Credential) error {
	conn, err := a.Connect(ctx, c, app.Use{})
	if err != nil {
		return err
	}
	defer conn.Close()
	t, err := a.Token(ctx, conn, app.UsualTTL)
	if err != nil {
		return err
	}
	d.say("%s, good until %s UTC, the same for every process: the check above minted it, and nobody mints again before it ends",
		stagedoor.Redacted, t.Expiry.UTC().Format("15:04:05"))
	return nil
}

// rows prints what lies in the database, read as any other program would.
func (d *demo) rows(ctx context.Context, query string) error {
	db, err := sql.Open("sqlite", d.into)
	if err != nil {
		return err
	}
	defer db.Close()
	result, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer result.Close()
	columns, err := result.Columns()
	if err != nil {
		return err
	}
	table := [][]string{columns}
	for result.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := result.Scan(into...); err != nil {
			return err
		}
		row := make([]string, len(columns))
		for i, v := range values {
			row[i] = v.String
		}
		table = append(table, row)
	}
	if err := result.Err(); err != nil {
		return err
	}
	if err := d.table(table); err != nil {
		return err
	}
	var total int
	if err := db.QueryRowContext(ctx, "select count(*) from meeting_activities").Scan(&total); err != nil {
		return err
	}
	d.say("%d rows in %s", total, d.into)
	return nil
}
