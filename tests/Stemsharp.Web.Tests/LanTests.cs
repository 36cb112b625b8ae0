using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Stemsharp.Client;
using Stemsharp.Web.Security;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Store;
using Xunit;

namespace Stemsharp.Web.Tests;

/// <summary>The door to the machine's own network: who comes in by it, and what they may do.</summary>
public sealed class LanTests
{
    [Fact]
    public async Task A_device_is_let_in_by_a_code_once_and_shut_out_again()
    {
        await using TestServer server = await TestServer.StartAsync();
        LanState state = await ChangeAsync(server, on: true);
        Assert.True(state.On);
        Assert.Matches("^[0-9]{8}$", state.Code);
        using HttpClient phone = await PhoneAsync(server);
        Assert.Equal(HttpStatusCode.Unauthorized, (await phone.GetAsync("/api/v1/jobs")).StatusCode);
        // The page itself is there, so that the code can be typed.
        Assert.NotEqual(HttpStatusCode.Unauthorized, (await phone.GetAsync("/")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await PairAsync(phone, state.Code == "00000000" ? "11111111" : "00000000")).StatusCode);
        using HttpResponseMessage paired = await PairAsync(phone, state.Code!.Insert(4, " "));
        Assert.Equal(HttpStatusCode.NoContent, paired.StatusCode);
        string cookie = paired.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("secure", cookie, StringComparison.Ordinal);
        Assert.Contains("httponly", cookie, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await phone.GetAsync("/api/v1/jobs")).StatusCode);

        // A code is good for one, and only its hash is kept of what it was exchanged for.
        using HttpClient second = await PhoneAsync(server);
        Assert.Equal(HttpStatusCode.Unauthorized, (await PairAsync(second, state.Code!)).StatusCode);
        string secret = cookie.Split('=')[1].Split(';')[0];
        StoredDevice kept = ((IDeviceStore)server.Server.Services.GetService(typeof(IDeviceStore))!).ReadDevices().Single();
        Assert.DoesNotContain(secret, JsonSerializer.Serialize(kept), StringComparison.Ordinal);

        // It lets in no others, and learns of no code.
        foreach (HttpResponseMessage refused in (HttpResponseMessage[])
            [await phone.GetAsync("/api/v1/lan"), await phone.GetAsync("/api/v1/lan/qr.svg"), await phone.PutAsJsonAsync("/api/v1/lan", new { on = false }), await phone.DeleteAsync($"/api/v1/lan/devices/{kept.Id}")])
        {
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        Assert.False((await phone.GetFromJsonAsync<ServerInfo>("/api/v1/server"))!.CanOpenLan);
        Device listed = (await server.Http.GetFromJsonAsync<LanState>("/api/v1/lan", JsonSerializerOptions.Web))!.Devices.Single();
        Assert.Equal("Test phone", listed.Name);
        Assert.Equal(HttpStatusCode.NoContent, (await server.Http.DeleteAsync($"/api/v1/lan/devices/{listed.Id}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await phone.GetAsync("/api/v1/jobs")).StatusCode);
    }

    [Fact]
    public async Task The_token_is_nothing_worth_on_the_network_and_other_names_are_refused()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { Lan = true });
        using HttpClient phone = await PhoneAsync(server);
        phone.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Server.Token);
        Assert.Equal(HttpStatusCode.Unauthorized, (await phone.GetAsync("/api/v1/server")).StatusCode);
        using HttpRequestMessage session = new(HttpMethod.Post, "/api/v1/session") { Content = JsonContent.Create(new { token = server.Server.Token }) };
        Assert.Equal(HttpStatusCode.Unauthorized, (await phone.SendAsync(session)).StatusCode);
        foreach (string host in (string[])["evil.example", "localhost", "127.0.0.1"])
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/");
            request.Headers.Host = $"{host}:{server.Server.Lan.Port}";
            Assert.Equal(HttpStatusCode.MisdirectedRequest, (await phone.SendAsync(request)).StatusCode);
        }
    }

    [Fact]
    public async Task The_door_is_shut_while_the_server_runs()
    {
        await using TestServer server = await TestServer.StartAsync();
        await ChangeAsync(server, on: true);
        using HttpClient phone = await PhoneAsync(server);
        int port = server.Server.Lan.Port!.Value;
        LanState shut = await ChangeAsync(server, on: false);
        Assert.False(shut.On);
        Assert.Null(shut.Code);
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/api/v1/server")).StatusCode);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            for (int i = 0; i < 200; i++)
            {
                using HttpClient again = Client(port);
                await again.GetAsync("/");
                await Task.Delay(50);
            }
        });
        Assert.Equal(HttpStatusCode.Conflict, (await server.Http.GetAsync("/api/v1/lan/qr.svg")).StatusCode);
    }

    [Fact]
    public void A_code_that_is_guessed_at_or_has_run_out_is_none()
    {
        Clock clock = new();
        Pairing pairing = new(new NoStore(), clock);
        Assert.Null(pairing.Pair("", null));
        (string code, DateTimeOffset ends) = pairing.Code();
        Assert.Equal(code, pairing.Code().Code);
        for (int i = 0; i < 5; i++)
        {
            Assert.Null(pairing.Pair(code == "12345678" ? "87654321" : "12345678", null));
        }

        Assert.Null(pairing.Pair(code, null));
        string next = pairing.Code().Code;
        clock.Now = ends.AddMinutes(5);
        Assert.Null(pairing.Pair(next, null));
        string secret = pairing.Pair(pairing.Code().Code, "\u202Ephone\n")!;
        Assert.True(pairing.IsDevice(secret));
        Assert.False(pairing.IsDevice(secret[1..]));
        Assert.False(pairing.IsDevice(null));
        Assert.Equal("phone", pairing.Devices.Single().Name);
    }

    [Fact]
    public void The_certificate_is_made_once_and_is_its_owners_alone()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            string file = Path.Combine(folder, "lan.pem");
            using X509Certificate2 first = LanCertificate.LoadOrCreate(file);
            using X509Certificate2 second = LanCertificate.LoadOrCreate(file);
            Assert.True(first.HasPrivateKey);
            Assert.Equal(first.Thumbprint, second.Thumbprint);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("--lan --behind-proxy --host-name a.example")]
    public void A_server_that_is_on_the_network_needs_no_door(string arguments) =>
        Assert.Contains("--lan", Assert.Throws<OptionException>(() => ServeOptionsReader.Read(arguments.Split(' '))).Message, StringComparison.Ordinal);

    private static async Task<LanState> ChangeAsync(TestServer server, bool on)
    {
        using HttpResponseMessage answer = await server.Http.PutAsJsonAsync("/api/v1/lan", new { on });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<LanState>(JsonSerializerOptions.Web))!;
    }

    /// <summary>A browser at another place of the network: it takes the certificate that no authority vouches for, once the door is open.</summary>
    private static async Task<HttpClient> PhoneAsync(TestServer server)
    {
        HttpClient phone = Client(server.Server.Lan.Port!.Value);
        for (long start = Environment.TickCount64; ;)
        {
            try
            {
                await phone.GetAsync("/");
                return phone;
            }
            catch (HttpRequestException) when (Environment.TickCount64 - start < 60_000)
            {
                await Task.Delay(50);
            }
        }
    }

    private static HttpClient Client(int port)
    {
        IPAddress address = LanAddresses.All is [IPAddress first, ..] ? first : IPAddress.Loopback;
        HttpClientHandler handler = new() { ServerCertificateCustomValidationCallback = (_, _, _, _) => true, UseCookies = true };
        return new HttpClient(handler) { BaseAddress = new UriBuilder("https", address.ToString(), port).Uri, Timeout = TimeSpan.FromMinutes(1) };
    }

    private static Task<HttpResponseMessage> PairAsync(HttpClient phone, string code) => phone.PostAsJsonAsync("/api/v1/session", new { code, device = "Test phone" });

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private sealed class NoStore : IDeviceStore
    {
        public IReadOnlyList<StoredDevice> ReadDevices() => [];

        public void SaveDevice(StoredDevice device)
        {
        }

        public void DeleteDevice(string id)
        {
        }
    }
}
