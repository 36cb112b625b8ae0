using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Stemsharp.Cli.Commands;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests;

public sealed class ServeCommandTests
{
    [Fact]
    public void Options_are_passed_on_as_they_were_given()
    {
        Command serve = ServeCommand.Create();
        Assert.Empty(ServeCommand.Forward(serve.Parse([])));
        Assert.Equal(
            ["--port", "0", "--data", "a b", "--no-browser", "--allow-path", "/x", "--allow-path", "/y", "--max-disk", "20G"],
            ServeCommand.Forward(serve.Parse(["--port=0", "--no-browser", "--data", "a b", "--allow-path", "/x", "--max-disk", "20G", "--allow-path", "/y"])));
        Assert.NotEmpty(serve.Parse(["--port", "x"]).Errors);
        Assert.NotEmpty(serve.Parse(["--max-disk", "much"]).Errors);
    }

    [Fact]
    public async Task A_taken_port_is_told_in_one_line_with_a_code_of_its_own()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        string folder = Directory.CreateTempSubdirectory("stemsharp-serve-").FullName;
        try
        {
            int port = ((IPEndPoint)other.LocalEndpoint).Port;
            (int code, byte[] output, string error) = await ChildProcess.RunAsync(["serve", "--port", $"{port}", "--no-browser", "--data", folder]);
            Assert.Equal((ExitCode.AddressInUse, 0), (code, output.Length));
            Assert.Equal($"stemsharp: Port {port} is in use; another server may be running. Choose another with --port, or 0 for any that is free.", error.Trim());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Stems_of_the_server_are_those_of_the_command_line()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-serve-").FullName, song = RepositoryFiles.Sample("song", "mix.wav");
        using Process serve = Start("serve", "--port", "0", "--no-browser", "--data", Path.Combine(folder, "data"), "--model", "demo");
        try
        {
            string line = await serve.StandardOutput.ReadLineAsync() ?? "";
            string[] address = line.Split(' ')[^1].Split("#token=");
            using HttpClient http = new() { BaseAddress = new Uri(address[0]) };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", address[1]);
            string job = await SeparateAsync(http, song);

            using Process separate = Start("separate", song, "-n", "demo", "-o", folder, "--quiet");
            await separate.WaitForExitAsync();
            Assert.Equal(0, separate.ExitCode);
            foreach (string stem in (string[])["drums", "bass", "other", "vocals", "guitar", "piano"])
            {
                byte[] served = await http.GetByteArrayAsync($"/api/v1/jobs/{job}/stems/{stem}");
                byte[] written = await File.ReadAllBytesAsync(Path.Combine(folder, "demo", "mix", stem + ".wav"));
                Assert.True(served.SequenceEqual(written), stem);
            }

            // With other options too.
            job = await SeparateAsync(http, song, """{"twoStems":"guitar","exactSum":true,"sampleFormat":"pcm24"}""");
            using Process two = Start("separate", song, "-n", "demo", "-o", folder, "--quiet", "--two-stems", "guitar", "--exact-sum", "--int24", "--filename", "two/{stem}.{ext}");
            await two.WaitForExitAsync();
            Assert.Equal(0, two.ExitCode);
            foreach (string stem in (string[])["guitar", "no_guitar"])
            {
                byte[] served = await http.GetByteArrayAsync($"/api/v1/jobs/{job}/stems/{stem}");
                byte[] written = await File.ReadAllBytesAsync(Path.Combine(folder, "demo", "two", stem + ".wav"));
                Assert.True(served.SequenceEqual(written), stem);
            }

            // However the command ends, the server ends with it.
            serve.Kill();
            await Assert.ThrowsAsync<HttpRequestException>(async () =>
            {
                while (true)
                {
                    await http.GetAsync("/health/live");
                }
            });
        }
        finally
        {
            if (!serve.HasExited)
            {
                serve.Kill();
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> SeparateAsync(HttpClient http, string song, string settings = "{}")
    {
        using ByteArrayContent file = new(await File.ReadAllBytesAsync(song)) { Headers = { ContentType = new MediaTypeHeaderValue("audio/wav") } };
        string id = await IdAsync(await http.PostAsync("/api/v1/songs?name=mix.wav", file));
        using StringContent wanted = new($$"""{"songId":"{{id}}","settings":{{settings}}}""", null, "application/json");
        string job = await IdAsync(await http.PostAsync("/api/v1/jobs", wanted));
        for (string state = "queued"; state != "done"; await Task.Delay(50))
        {
            state = JsonDocument.Parse(await http.GetStringAsync($"/api/v1/jobs/{job}")).RootElement.GetProperty("state").GetString()!;
            Assert.NotEqual("failed", state);
        }

        return job;
    }

    private static async Task<string> IdAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            answer.EnsureSuccessStatusCode();
            return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("id").GetString()!;
        }
    }

    private static Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Stemsharp.Cli.dll"), .. arguments]) { RedirectStandardOutput = true })!;
}
