// The code of a custom connector of Power Automate, through which a flow calls Zoom as
// the caller reports. The connection's user name and password are the caller's id and
// secret; its tokens come from Stagedoor. Paste it on the connector's tab Code.
public class Script : ScriptBase
{
    public override async Task<HttpResponseMessage> ExecuteAsync()
    {
        var ask = new HttpRequestMessage(HttpMethod.Post, "https://gate.example.com/oauth/token");
        ask.Headers.Authorization = this.Context.Request.Headers.Authorization;
        ask.Content = new StringContent("grant_type=client_credentials", Encoding.UTF8, "application/x-www-form-urlencoded");
        var granted = await this.Context.SendAsync(ask, this.CancellationToken).ConfigureAwait(false);
        if (!granted.IsSuccessStatusCode)
        {
            return granted; // it says what is wrong with id or secret
        }
        var token = JObject.Parse(await granted.Content.ReadAsStringAsync().ConfigureAwait(false));
        this.Context.Request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (string)token["access_token"]);
        return await this.Context.SendAsync(this.Context.Request, this.CancellationToken).ConfigureAwait(false);
    }
}
