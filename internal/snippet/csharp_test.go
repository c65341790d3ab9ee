package snippet

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// stage is what Power Platform gives a connector's code, as it describes it "for
// local testing and compilation"
// (learn.microsoft.com/connectors/custom-connectors/write-code, read 2026-11-24),
// with a program around it that makes one call.
const stage = `
using System; using System.Net.Http; using System.Net.Http.Headers; using System.Text; using System.Threading; using System.Threading.Tasks;
using Newtonsoft.Json.Linq;
public interface IScriptContext
{
    HttpRequestMessage Request { get; }
    Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken);
}
public abstract class ScriptBase
{
    public IScriptContext Context { get; set; }
    public CancellationToken CancellationToken { get; set; }
    public abstract Task<HttpResponseMessage> ExecuteAsync();
}
public class Stage : IScriptContext
{
    private readonly HttpClient client = new HttpClient();
    public HttpRequestMessage Request { get; set; }
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken token) { return client.SendAsync(request, token); }
    public static int Main(string[] args)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, args[0]);
        var login = "caller_r2d2:" + Environment.GetEnvironmentVariable("STAGEDOOR_CALLER_SECRET");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(login)));
        var answer = new Script { Context = new Stage { Request = request } }.ExecuteAsync().Result;
        Console.WriteLine((int)answer.StatusCode + " " + answer.Content.ReadAsStringAsync().Result);
        return 0;
    }
}
`

// TestConnectorCode compiles the code of Power Automate's connector and runs it
// on a stage like Power Platform's.
func TestConnectorCode(t *testing.T) {
	for _, program := range []string{"mcs", "mono"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is missing here: Debian's mono-mcs, libmono-system-net-http4.0-cil and libnewtonsoft-json5.0-cil have it", program)
		}
	}
	g := newGate(t)
	use := reports(t)
	use.TokenURL, use.BaseURL = g.URL+"/oauth/token", g.URL+"/to/acme"
	dir := t.TempDir()
	source := filepath.Join(dir, "stage.cs")
	if err := os.WriteFile(source, []byte(stage+written(t, "powerautomate-code", use)), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "stage.exe")
	if out, err := exec.Command("mcs", "-out:"+program, "-r:System.Net.Http.dll", "-r:"+newtonsoft(t), source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for password, want := range map[string]string{secret: `200 {"page_size": 30`, "wrong": `401 {"error":"invalid_client"}`} {
		cmd := exec.Command("mono", program, use.URL())
		cmd.Env = append(os.Environ(), "STAGEDOOR_CALLER_SECRET="+password, "MONO_PATH="+filepath.Dir(newtonsoft(t)))
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%v: it got %s, not %s", err, out, want)
		}
	}
	if _, calls, _ := g.seen(); len(calls) != 1 {
		t.Errorf("it called %v", calls)
	}
}

func newtonsoft(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/cli/Newtonsoft.Json-*/Newtonsoft.Json.dll")
	if err != nil || len(found) == 0 {
		t.Skip("Newtonsoft.Json is missing here: Debian's libnewtonsoft-json5.0-cil has it")
	}
	return found[0]
}
