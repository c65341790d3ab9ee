package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/zoomsim"
)

func simCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "sim", Short: "Simulate a service, to try things without an account", GroupID: groupStart, Args: cobra.NoArgs,
		Example: "stagedoor sim zoom",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(simZoom(s))
	return cmd
}

func simZoom(s *session) *cobra.Command {
	var o zoomsim.Options
	var today string
	var scopes []string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "zoom", Short: "Run a simulated Zoom account until interrupted", Args: cobra.NoArgs,
		Long: "Answers like Zoom: the token endpoint, users, groups, meetings, registrants, recordings, reports and the\n" +
			"dashboard of one made-up company, with Zoom's limits, errors and odd formats. The same seed and day give the\n" +
			"same account. 50,000 held meetings have a million participant rows; more of them take no more memory than\n" +
			"their times, since the rest is made up when somebody asks. What it can be told to do while it runs (faults,\n" +
			"rows that change, arrive late or vanish, the whole truth of a stream) is listed by GET on its management URL.",
		Example: "stagedoor sim zoom --seed 7\nstagedoor sim zoom --json --today 2026-10-31 --plan business\n" +
			"stagedoor sim zoom --plan business --users 500 --meetings 50000 --limits off",
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:0", "address and port; port 0 takes a free one")
	flags.Int64Var(&o.Seed, "seed", 0, "which made-up account (0: a random one)")
	flags.StringVar(&today, "today", "", "the simulated DATE (default today)")
	flags.IntVar(&o.Users, "users", 0, "how many users (0: as many as the simulator likes)")
	flags.IntVar(&o.Meetings, "meetings", 0, "how many held meetings (0: as many as the simulator likes)")
	flags.StringVar(&o.Plan, "plan", "pro", "The account's plan: free, pro or business")
	flags.StringSliceVar(&scopes, "scopes", nil, "scopes of the app (default: the granular ones for reading users, meetings, reports …)")
	flags.DurationVar(&o.Latency, "latency", 0, "how long each request takes, half of it before it is counted")
	flags.DurationVar(&o.Jitter, "jitter", 0, "the most that a request is late in addition, at random")
	flags.BoolVar(&o.JitterBack, "jitter-back", false, "answers are late at random too")
	flags.DurationVar(&o.ReportLag, "report-lag", 0, "how long after a meeting its participants' report is not there yet")
	flags.DurationVar(&o.DurationLag, "duration-lag", 0, "how long after a meeting its participants' durations are 0 yet")
	flags.DurationVar(&o.TokenTTL, "token-ttl", time.Hour, "how long a token lasts")
	flags.StringVar(&o.Limits, "limits", "zoom", "Which limits: zoom, or off for none")
	flags.StringVar(&o.Limiter, "limiter", "fixed", "how a second is counted: fixed, sliding or bucket")
	flags.StringVar(&o.RateLimitHeaders, "rate-limit-headers", "refusals",
		"which headers tell of limits: refusals (all on 429s), today (X-RateLimit-Category alone), former (all) or none")
	flags.BoolVar(&asJSON, "json", false, "print one line of JSON when ready")
	cmd.RunE = s.plain(func(ctx context.Context, _ []string) error {
		if today != "" {
			day, err := time.Parse(time.DateOnly, today)
			if err != nil {
				return &stagedoor.Error{
					Op: "start the simulator", Subject: "--today " + today, Kind: stagedoor.KindUsage,
					Cause: "it is not a day", Fix: "Write it like 2026-10-31.",
				}
			}
			o.Today = day
		}
		for _, scope := range scopes {
			o.Scopes = append(o.Scopes, strings.Fields(scope)...)
		}
		sim, err := startSim(o)
		if err != nil {
			return err
		}
		defer sim.Close()
		info := sim.Info()
		if asJSON {
			if err := json.NewEncoder(s.out).Encode(info); err != nil {
				return err
			}
		} else {
			s.sayInfo(info)
		}
		<-ctx.Done()
		return nil
	})
	return cmd
}

func startSim(o zoomsim.Options) (*zoomsim.Simulator, error) {
	sim, err := zoomsim.Start(o)
	if err != nil {
		return nil, &stagedoor.Error{
			Op: "start the simulator", Kind: stagedoor.KindUsage, Cause: err.Error(),
			Fix: "See `stagedoor sim zoom --help`; another --listen helps where the port is taken.",
		}
	}
	return sim, nil
}

// simHost is the simulator's HOST:PORT, as --allow-host takes it.
func simHost(info zoomsim.Info) string {
	return strings.TrimSuffix(strings.TrimPrefix(info.APIURL, "http://"), "/v2")
}

// sayInfo prints what one needs to use the simulator. Its secret is made up, so
// it may be seen.
func (s *session) sayInfo(info zoomsim.Info) {
	host := simHost(info)
	fmt.Fprintf(s.out, "simulated Zoom account, seed %d, reports from %s to %s\n\n", info.Seed, info.Since, info.Until)
	_ = s.table([][]string{
		{"token url", info.TokenURL},
		{"api url", info.APIURL},
		{"account id", info.AccountID},
		{"client id", info.ClientID},
		{"client secret", info.ClientSecret},
		{"management", info.ManagementURL},
	})
	fmt.Fprintf(s.out, "\nIn another terminal:\n\n  export STAGEDOOR_CLIENT_SECRET=%s\n"+
		"  stagedoor credential add sim --account-id %s --client-id %s \\\n    --token-url %s --api-url %s --allow-host %s\n"+
		"  stagedoor sync sim meeting_activities --since %s --until %s --into sqlite:zoom.db\n\nCtrl-C ends it.\n",
		info.ClientSecret, info.AccountID, info.ClientID, info.TokenURL, info.APIURL, host, info.Since, info.Until)
}
