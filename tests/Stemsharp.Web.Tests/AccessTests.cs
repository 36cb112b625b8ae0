using System.Net;
using System.Text.Json;
using Stemsharp.Client;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Store;
using Xunit;

namespace Stemsharp.Web.Tests;

public sealed class AccessTests
{
    [Fact]
    public async Task Nothing_of_the_api_answers_without_the_token()
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpClient stranger = new() { BaseAddress = server.Server.Address };
        string id = Store.Id.New();
        foreach (string path in (string[])
            ["server", "models", "songs", "jobs", "events", $"jobs/{id}", $"jobs/{id}/stems/vocals", $"jobs/{id}/stems.zip", $"jobs/{id}/mix", "nothing"])
        {
            using HttpResponseMessage answer = await stranger.GetAsync($"/api/v1/{path}");
            await AssertRefusalAsync(answer, 401, "unauthorized");
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
        }
        using HttpResponseMessage metrics = await stranger.GetAsync("/metrics");
        await AssertRefusalAsync(metrics, 401, "unauthorized");
        stranger.DefaultRequestHeaders.Authorization = new("Bearer", new string('A', 43));
        using HttpResponseMessage wrong = await stranger.GetAsync("/api/v1/server");
        await AssertRefusalAsync(wrong, 401, "unauthorized");
        // What needs none: the page, the description, and whether the server lives.
        stranger.DefaultRequestHeaders.Authorization = null;
        foreach (string path in (string[])["/", "/api/v1/openapi.json", "/health/live", "/health/ready"])
        {
            Assert.True((await stranger.GetAsync(path)).IsSuccessStatusCode, path);
        }
    }

    [Fact]
    public async Task The_token_is_exchanged_for_a_cookie_that_scripts_cannot_read()
    {
        await using TestServer server = await TestServer.StartAsync();
        CookieContainer jar = new();
        using HttpClientHandler handler = new() { CookieContainer = jar };
        using HttpClient browser = new(handler) { BaseAddress = server.Server.Address };
        using StringContent wrong = Json("""{"token":"nonsense"}""");
        await AssertRefusalAsync(await browser.PostAsync("/api/v1/session", wrong), 401, "unauthorized");
        using StringContent right = Json($$"""{"token":"{{server.Server.Token}}"}""");
        using HttpResponseMessage answer = await browser.PostAsync("/api/v1/session", right);
        string cookie = answer.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie, StringComparison.Ordinal);
        Assert.Contains("samesite=strict", cookie, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Server.Token, cookie, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/api/v1/server")).StatusCode);
        using HttpResponseMessage out_ = await browser.DeleteAsync("/api/v1/session");
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/api/v1/server")).StatusCode);
    }

    [Fact]
    public async Task The_token_is_kept_where_only_its_owner_reads_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        string file = Path.Combine(server.Folder, "token");
        Assert.Equal(server.Server.Token, (await File.ReadAllTextAsync(file)).Trim());
        Assert.True(server.Server.Token.Length >= 43);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(server.Folder, "songs")));
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("127.0.0.1.evil.example:80")]
    [InlineData("localhost.evil.example")]
    [InlineData("[::2]")]
    [InlineData("0.0.0.0")]
    public async Task Names_that_are_not_the_servers_are_refused(string host)
    {
        await using TestServer server = await TestServer.StartAsync();
        foreach (string path in (string[])["/", "/api/v1/server", "/health/live"])
        {
            using HttpRequestMessage request = new(HttpMethod.Get, path);
            request.Headers.Host = host;
            await AssertRefusalAsync(await server.Http.SendAsync(request), 421, "wrong-host");
        }
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://localhost:1")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task Requests_from_other_sites_are_refused(string header, string value)
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpRequestMessage post = new(HttpMethod.Post, "/api/v1/jobs") { Content = Json("{}") };
        post.Headers.Add(header, value);
        await AssertRefusalAsync(await server.Http.SendAsync(post), 403, "cross-site");
        using HttpRequestMessage get = new(HttpMethod.Get, "/api/v1/server");
        get.Headers.Add(header, value);
        await AssertRefusalAsync(await server.Http.SendAsync(get), 403, "cross-site");
        using HttpRequestMessage own = new(HttpMethod.Get, "/api/v1/server");
        own.Headers.Add("Origin", server.Server.Address.GetLeftPart(UriPartial.Authority));
        own.Headers.Add("Sec-Fetch-Site", "same-origin");
        Assert.Equal(HttpStatusCode.OK, (await server.Http.SendAsync(own)).StatusCode);
    }

    [Fact]
    public async Task Answers_carry_the_headers_that_keep_browsers_safe()
    {
        await using TestServer server = await TestServer.StartAsync();
        foreach (string path in (string[])["/", "/api/v1/server", "/api/v1/jobs/none", "/health/live", "/no/such/page"])
        {
            using HttpResponseMessage answer = await server.Http.GetAsync(path);
            string policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("script-src 'self' 'wasm-unsafe-eval';", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy.Replace("'wasm-unsafe-eval'", "", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("same-origin", answer.Headers.GetValues("Cross-Origin-Resource-Policy").Single());
            Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
            Assert.False(answer.Headers.Contains("Server"));
        }
    }

    [Theory]
    [InlineData("--listen 0.0.0.0", "in the clear")]
    [InlineData("--listen 0.0.0.0 --behind-proxy", "--host-name")]
    [InlineData("--listen nowhere", "no address")]
    [InlineData("--port 70000", "no port")]
    [InlineData("--allow-path /does/not/exist", "does not exist")]
    [InlineData("--max-disk much", "no size")]
    [InlineData("--tls-certificate /does/not/exist.pem", "does not exist")]
    [InlineData("--device 1", "belongs to another --engine")]
    [InlineData("--provider cuda", "belongs to --engine onnxruntime")]
    [InlineData("--engine onnxruntime --provider tensorrt --workspace much", "no size")]
    public void Unsafe_or_wrong_options_are_refused(string arguments, string reason)
    {
        OptionException refusal = Assert.Throws<OptionException>(() => ServeOptionsReader.Read(arguments.Split(' ')));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_are_read()
    {
        ServeOptions options = ServeOptionsReader.Read(
            ["--port", "0", "--max-disk", "1.5Gi", "--max-upload", "20M", "--max-duration", "10", "--keep", "7", "--no-browser", "--listen", "0.0.0.0", "--behind-proxy", "--host-name", "studio.example"]);
        Assert.Equal((0, 1_610_612_736L, 20_000_000L, 10d, 7d, false), (options.Port, options.MaxDiskBytes, options.MaxUploadBytes, options.MaxDuration.TotalMinutes, options.Keep!.Value.TotalDays, options.OpenBrowser));
        Assert.Equal(ServeArguments.DefaultPort, ServeOptionsReader.Read([]).Port);
        Assert.True(ServeOptionsReader.Read([]).IsLoopback);
        Assert.Equal((Engines.Auto, null, EnginePrecision.Fp32, false), Engine([]));
        Assert.Equal((Engines.Cpu, null, EnginePrecision.Fp32, false), Engine(["-d", "cpu"]));
        Assert.Equal((Engines.Auto, null, EnginePrecision.Mixed, true), Engine(["--engine", "auto", "--precision", "mixed", "--fallback"]));
        Assert.Equal(("onnxruntime", "1", EnginePrecision.Fp32, false), Engine(["-d", "cuda:1"]));
        ServeOptions tensorRT = ServeOptionsReader.Read(["--engine", "onnxruntime", "--provider", "tensorrt", "--workspace", "2G"]);
        Assert.Equal((ExecutionProvider.TensorRT, 2_000_000_000L), (tensorRT.Engine.Session.Provider, tensorRT.Engine.Session.Workspace!.Value));

        static (string, string?, EnginePrecision, bool) Engine(string[] arguments) =>
            ServeOptionsReader.Read(arguments).Engine is { } choice ? (choice.Engine, choice.Device, choice.Precision, choice.Fallback) : default;
    }

    [Fact]
    public async Task A_build_without_the_page_says_how_to_get_it()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { PageFolder = Path.Combine(options.DataFolder, "none") });
        using HttpResponseMessage answer = await server.Http.GetAsync("/");
        Assert.Equal((HttpStatusCode.OK, "text/html"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        string page = await answer.Content.ReadAsStringAsync();
        Assert.Contains("npm ci --prefix src/Stemsharp.Web/client", page, StringComparison.Ordinal);
        Assert.Contains("/api/v1/openapi.json", page, StringComparison.Ordinal);
        Assert.Equal(JobState.Done, (await server.SeparateAsync()).State);
    }

    [Fact]
    public async Task A_folder_serves_one_server_at_a_time()
    {
        await using TestServer server = await TestServer.StartAsync();
        DataFolderInUseException refusal = await Assert.ThrowsAsync<DataFolderInUseException>(() => TestServer.StartAsync(folder: server.Folder));
        Assert.Contains("in use", refusal.Message, StringComparison.Ordinal);
    }

    internal static StringContent Json(string json) => new(json, System.Text.Encoding.UTF8, "application/json");

    internal static async Task AssertRefusalAsync(HttpResponseMessage answer, int status, string type)
    {
        using (answer)
        {
            string body = await answer.Content.ReadAsStringAsync();
            Assert.Equal((status, "application/problem+json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            Problem problem = JsonSerializer.Deserialize(body, ApiJson.Default.Problem)!;
            Assert.Equal(($"urn:stemsharp:{type}", status), (problem.Type, problem.Status));
            Assert.NotEmpty(problem.Title);
        }
    }
}
