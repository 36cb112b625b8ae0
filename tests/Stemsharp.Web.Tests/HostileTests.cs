using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Stemsharp.Audio;
using Stemsharp.Client;
using Xunit;
using static Stemsharp.Web.Tests.AccessTests;

namespace Stemsharp.Web.Tests;

/// <summary>Requests that mean harm, or whose sender has gone wrong: each gets the right refusal, and the server goes on.</summary>
public sealed class HostileTests
{
    [Theory]
    [InlineData("/api/v1/jobs/..%2f..%2ftoken")]
    [InlineData("/api/v1/jobs/%2e%2e/stems/vocals")]
    [InlineData("/api/v1/songs/..")]
    [InlineData("/api/v1/jobs/aaaaaaaaaaaaaaaaaaaaaaaaaa/stems/..%2f..%2f..%2fjobs.db")]
    [InlineData("/..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("/assets/..%2f..%2fStemsharp.Web.dll")]
    [InlineData("/Stemsharp.Web.dll")]
    [InlineData("/api/v1/jobs/AAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("/api/v1/uploads/con")]
    public async Task Paths_lead_nowhere(string path)
    {
        await using TestServer server = await TestServer.StartAsync();
        string answer = await server.RawAsync(
            $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.Server.Token}\r\nConnection: close\r\n\r\n");
        Assert.Matches("^HTTP/1.1 (404|400|405) ", answer);
        Assert.DoesNotContain(server.Server.Token, answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../../../evil.wav")]
    [InlineData("C:\\Windows\\evil.wav")]
    [InlineData("nul")]
    [InlineData("a\u202egnp.wav")]
    [InlineData("line\r\nSet-Cookie: a=b")]
    [InlineData("日本語 – ünïcödé 🎵.wav")]
    public async Task Names_never_become_paths_or_headers(string name)
    {
        await using TestServer server = await TestServer.StartAsync();
        Song song = await server.UploadAsync(name);
        Assert.DoesNotContain(song.Name, char.IsControl);
        Job job = await server.Client.CreateJobAsync(new NewJob(song.Id));
        await server.Client.WaitForJobAsync(job.Id);
        using HttpResponseMessage stem = await server.Http.GetAsync($"/api/v1/jobs/{job.Id}/stems/vocals");
        string suggested = stem.Content.Headers.ContentDisposition!.FileNameStar!;
        Assert.DoesNotContain(suggested, c => "/\\:".Contains(c));
        Assert.False(stem.Headers.Contains("Set-Cookie"));
        foreach (string file in Directory.EnumerateFiles(server.Folder, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain("evil", file, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Too_large_is_refused_by_its_header_and_by_its_bytes()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxUploadBytes = 100_000 });
        using ByteArrayContent announced = Audio(new byte[200_000]);
        await AssertRefusalAsync(await server.Http.PostAsync("/api/v1/songs?name=a", announced), 413, "too-large");
        using StreamContent endless = new(new Endless(300_000)) { Headers = { ContentType = new MediaTypeHeaderValue("audio/wav") } };
        await AssertRefusalAsync(await server.Http.PostAsync("/api/v1/songs?name=a", endless), 413, "too-large");
        await AssertRefusalAsync(await server.Http.PostAsync("/api/v1/uploads", Json("""{"name":"a","bytes":200000}""")), 413, "too-large");
        await AssertRefusalAsync(await server.Http.PostAsync("/api/v1/jobs", Json($$"""{"songId":"{{new string('a', 100_000)}}"}""")), 413, "too-large");
        Assert.Empty(Directory.GetDirectories(Path.Combine(server.Folder, "songs")));
    }

    [Fact]
    public async Task A_truncated_upload_leaves_nothing_behind()
    {
        await using TestServer server = await TestServer.StartAsync();
        using (TcpClient tcp = new())
        {
            await tcp.ConnectAsync("127.0.0.1", server.Server.Address.Port);
            await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /api/v1/songs?name=a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.Server.Token}\r\nContent-Type: audio/wav\r\nContent-Length: 1000000\r\n\r\nRIFF"));
        }
        string folder = Path.Combine(server.Folder, "songs");
        await TestServer.UntilAsync("the folder of the song is gone", () => Directory.GetDirectories(folder).Length == 0);

        Assert.Empty(await server.Http.GetStringAsync("/api/v1/songs") is "[]" ? "" : "left");
    }

    [Fact]
    public async Task An_upload_in_pieces_goes_on_where_it_broke_off()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            byte[] song = TestServer.Song();
            string id;
            await using (TestServer server = await TestServer.StartAsync(folder: folder))
            {
                using HttpResponseMessage made = await server.Http.PostAsync("/api/v1/uploads", Json($$"""{"name":"a.wav","bytes":{{song.Length}}}"""));
                id = (await System.Net.Http.Json.HttpContentJsonExtensions.ReadFromJsonAsync(made.Content, ApiJson.Default.Upload))!.Id;
                using HttpResponseMessage first = await server.Http.SendAsync(Piece(id, 0, song[..50_000]));
                Assert.Equal(HttpStatusCode.OK, first.StatusCode);
                await AssertRefusalAsync(await server.Http.SendAsync(Piece(id, 0, song[..10])), 409, "offset-mismatch");
                await AssertRefusalAsync(await server.Http.SendAsync(Piece(id, 60_000, song[..10])), 409, "offset-mismatch");
                await AssertRefusalAsync(await server.Http.SendAsync(Piece(id, 50_000, new byte[song.Length])), 413, "too-large");
            }
            // What was too much has been cut off by nobody: the length on the disk counts, and it is told.
            await using (TestServer server = await TestServer.StartAsync(folder: folder))
            {
                string upload = await server.Http.GetStringAsync($"/api/v1/uploads/{id}");
                Assert.Contains("\"offset\":", upload, StringComparison.Ordinal);
                long offset = System.Text.Json.JsonDocument.Parse(upload).RootElement.GetProperty("offset").GetInt64();
                using HttpResponseMessage last = await server.Http.SendAsync(Piece(id, offset, song[(int)offset..]));
                Assert.Contains("\"song\":", await last.Content.ReadAsStringAsync(), StringComparison.Ordinal);
                Assert.Empty(Directory.GetDirectories(Path.Combine(folder, "uploads")));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static HttpRequestMessage Piece(string id, long offset, byte[] bytes)
        {
            HttpRequestMessage request = new(HttpMethod.Patch, $"/api/v1/uploads/{id}") { Content = new ByteArrayContent(bytes) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
            request.Content.Headers.Add("Upload-Offset", offset.ToString());
            return request;
        }
    }

    [Fact]
    public async Task Requests_that_never_end_are_ended()
    {
        await using TestServer server = await TestServer.StartAsync();
        string token = server.Server.Token;
        // Headers that do not end, and a body of which nothing comes.
        string[] answers = await Task.WhenAll(
            server.RawAsync("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "),
            server.RawAsync($"POST /api/v1/songs?name=a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: audio/wav\r\nContent-Length: 100000\r\n\r\nRIFF"),
            // Others are answered meanwhile.
            server.Http.GetStringAsync("/health/live"));
        // The server gives such connections up by itself.
        Assert.True(answers[0].Length == 0 || answers[0].StartsWith("HTTP/1.1 408", StringComparison.Ordinal), answers[0]);
        Assert.StartsWith("HTTP/1.1 408", answers[1], StringComparison.Ordinal);
        Assert.Contains("urn:stemsharp:too-slow", answers[1], StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Path.Combine(server.Folder, "songs")));
    }

    [Theory]
    [InlineData("text/plain", "RIFF", 415, "wrong-media-type")]
    [InlineData("audio/wav", "", 422, "not-music")]
    [InlineData("audio/wav", "RIFF\u0004\u0000\u0000\u0000WAVE", 422, "not-music")]
    [InlineData("audio/wav", "#EXTM3U\nfile:///etc/passwd\n", 422, "not-music")]
    [InlineData("audio/wav", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n", 422, "not-music")]
    [InlineData("audio/mpeg", "ffconcat version 1.0\nfile /etc/passwd\n", 422, "not-music")]
    [InlineData("application/octet-stream", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 422, "not-music")]
    public async Task What_is_not_music_is_refused(string type, string body, int status, string problem)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ByteArrayContent content = new(Encoding.Latin1.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        using HttpResponseMessage answer = await server.Http.PostAsync("/api/v1/songs?name=a.mp3", content);
        string text = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("root:", text, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Folder, text, StringComparison.Ordinal);
        await AssertRefusalAsync(answer, status, problem);
        Assert.Empty(Directory.GetDirectories(Path.Combine(server.Folder, "songs")));
    }

    [Fact]
    public async Task A_song_that_is_too_long_is_refused()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxDuration = TimeSpan.FromSeconds(2) });
        using ByteArrayContent content = Audio(TestServer.Song(3));
        await AssertRefusalAsync(await server.Http.PostAsync("/api/v1/songs?name=a", content), 422, "too-long");
    }

    [Theory]
    [InlineData("POST", "/api/v1/jobs", "{", 400, "bad-request")]
    [InlineData("POST", "/api/v1/jobs", "[]", 400, "bad-request")]
    [InlineData("POST", "/api/v1/jobs", "{}", 400, "bad-request")]
    [InlineData("POST", "/api/v1/jobs", """{"songId":"../../etc"}""", 404, "not-found")]
    [InlineData("POST", "/api/v1/jobs", """{"songId":"aaaaaaaaaaaaaaaaaaaaaaaaaa"}""", 404, "not-found")]
    [InlineData("POST", "/api/v1/songs/local", """{"path":"/etc/passwd"}""", 403, "forbidden")]
    [InlineData("POST", "/api/v1/uploads", """{"name":"","bytes":1}""", 400, "bad-request")]
    [InlineData("POST", "/api/v1/uploads", """{"name":"a","bytes":-1}""", 400, "bad-request")]
    [InlineData("PUT", "/api/v1/jobs", "{}", 405, "wrong-method")]
    [InlineData("GET", "/api/v1/nothing", null, 404, "not-found")]
    [InlineData("GET", "/api/v2/jobs", null, 404, "not-found")]
    [InlineData("GET", "/api/v1/jobs?limit=100000", null, 400, "bad-request")]
    [InlineData("GET", "/api/v1/jobs?limit=x", null, 400, "bad-request")]
    public async Task Nonsense_gets_a_typed_error(string method, string path, string? body, int status, string type)
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpRequestMessage request = new(new HttpMethod(method), path) { Content = body is null ? null : Json(body) };
        await AssertRefusalAsync(await server.Http.SendAsync(request), status, type);
    }

    [Theory]
    [InlineData("""{"model":"nobody's"}""", "unknown-model")]
    [InlineData("""{"stems":["kazoo"]}""", "invalid-settings")]
    public async Task Settings_that_fit_no_model_are_refused(string settings, string type)
    {
        await using TestServer server = await TestServer.StartAsync();
        Song song = await server.UploadAsync();
        using HttpResponseMessage answer = await server.Http.PostAsync("/api/v1/jobs", Json($$"""{"songId":"{{song.Id}}","settings":{{settings}}}"""));
        await AssertRefusalAsync(answer, 422, type);
    }

    [Fact]
    public async Task A_thousand_streams_of_events_are_not_served()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxEventStreams = 20 });
        using SocketsHttpHandler handler = new() { MaxConnectionsPerServer = 2000 };
        using HttpClient http = new(handler) { BaseAddress = server.Server.Address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Server.Token);
        List<HttpResponseMessage> open = [];
        for (int i = 0; i < 20; i++)
        {
            HttpResponseMessage stream = await http.GetAsync("/api/v1/events", HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
            // The first event shows that the stream is counted.
            await (await stream.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[5]);
            open.Add(stream);
        }
        HttpResponseMessage[] refused = await Task.WhenAll(Enumerable.Range(0, 980).Select(_ => http.GetAsync("/api/v1/events", HttpCompletionOption.ResponseHeadersRead)));
        Assert.All(refused, answer => Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode));
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/api/v1/server")).StatusCode);
        foreach (HttpResponseMessage answer in open.Concat(refused))
        {
            answer.Dispose();
        }
    }

    [Fact]
    public async Task Too_many_changes_in_a_short_time_are_refused()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxChanges = 5, ChangesPerSecond = 1 });
        HttpResponseMessage answer;
        int taken = 0;
        while ((answer = await server.Http.PostAsync("/api/v1/uploads", Json("""{"name":"a","bytes":1}"""))).StatusCode == HttpStatusCode.Created)
        {
            answer.Dispose();
            Assert.InRange(++taken, 1, 900);
        }
        Assert.True(taken >= 5);
        Assert.Equal("1", answer.Headers.GetValues("Retry-After").Single());
        await AssertRefusalAsync(answer, 429, "too-many");
        // Looking is no change.
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal("[]", await server.Http.GetStringAsync("/api/v1/songs"));
        }
    }

    [Fact]
    public async Task Too_many_uploads_at_once_are_refused()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxUploadsAtOnce = 1 });
        using TcpClient tcp = new();
        await tcp.ConnectAsync("127.0.0.1", server.Server.Address.Port);
        NetworkStream first = tcp.GetStream();
        await first.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/v1/songs?name=a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.Server.Token}\r\nContent-Type: audio/wav\r\nContent-Length: 10000000\r\n\r\n"));
        string folder = Path.Combine(server.Folder, "songs");
        await TestServer.UntilAsync("the song has a folder", () => Directory.GetDirectories(folder).Length > 0);

        await first.WriteAsync(new byte[1 << 20]);
        using ByteArrayContent content = Audio(TestServer.Song());
        await AssertRefusalAsync(await server.Http.PostAsync("/api/v1/songs?name=b", content), 429, "too-many");
        tcp.Close();
        await TestServer.UntilAsync("the folder of the song is gone", () => Directory.GetDirectories(folder).Length == 0);

        await server.UploadAsync();
    }

    [Fact]
    public async Task Paths_on_the_server_stay_inside_the_roots()
    {
        string root = Directory.CreateTempSubdirectory("stemsharp-root-").FullName, outside = Directory.CreateTempSubdirectory("stemsharp-outside-").FullName;
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(root, "song.wav"), TestServer.Song());
            await File.WriteAllBytesAsync(Path.Combine(outside, "secret.wav"), TestServer.Song());
            File.CreateSymbolicLink(Path.Combine(root, "link.wav"), Path.Combine(outside, "secret.wav"));
            Directory.CreateSymbolicLink(Path.Combine(root, "folder"), outside);
            File.CreateSymbolicLink(Path.Combine(root, "inner.wav"), "song.wav");
            File.CreateSymbolicLink(Path.Combine(root, "circle.wav"), "circle.wav");
            await using TestServer server = await TestServer.StartAsync(options => options with { Roots = [root] });
            Song song = await server.Client.AddLocalSongAsync(Path.Combine(root, "song.wav"));
            Job job = await server.Client.CreateJobAsync(new NewJob(song.Id));
            Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(job.Id)).State);
            Assert.Equal("inner.wav", Path.GetFileName(Path.Combine(root, "inner.wav")));
            await server.Client.AddLocalSongAsync(Path.Combine(root, "inner.wav"));
            foreach (string bad in (string[])
                ["link.wav", "folder/secret.wav", $"../{Path.GetFileName(outside)}/secret.wav", "circle.wav", "/etc/passwd", $"folder/../../{Path.GetFileName(outside)}/secret.wav"])
            {
                ApiException refusal = await Assert.ThrowsAsync<ApiException>(() => server.Client.AddLocalSongAsync(Path.Combine(root, bad)));
                Assert.Equal("urn:stemsharp:forbidden", refusal.Problem.Type);
            }
            ApiException relative = await Assert.ThrowsAsync<ApiException>(() => server.Client.AddLocalSongAsync("song.wav"));
            Assert.Equal("urn:stemsharp:bad-request", relative.Problem.Type);
            // A file that is exchanged for a link after it was taken is not followed out of the root either.
            File.Delete(Path.Combine(root, "song.wav"));
            File.CreateSymbolicLink(Path.Combine(root, "song.wav"), Path.Combine(outside, "secret.wav"));
            job = await server.Client.CreateJobAsync(new NewJob(song.Id));
            Assert.Equal(JobState.Failed, (await server.Client.WaitForJobAsync(job.Id)).State);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
            Directory.Delete(outside, recursive: true);
        }
    }

    [Fact]
    public async Task A_full_disk_is_said_before_the_work()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxDiskBytes = 1_500_000 });
        Song song = await server.UploadAsync();
        ApiException refusal = await Assert.ThrowsAsync<ApiException>(() => server.Client.CreateJobAsync(new NewJob(song.Id)));
        Assert.Equal("urn:stemsharp:disk-full", refusal.Problem.Type);
        Assert.Equal(507, refusal.Problem.Status);
        Assert.Empty((await server.Client.GetJobsAsync()).Jobs);
        using HttpResponseMessage upload = await server.Http.PostAsync("/api/v1/uploads", Json("""{"name":"a","bytes":2000000}"""));
        await AssertRefusalAsync(upload, 507, "disk-full");
    }

    [Fact]
    public async Task Media_that_swells_is_refused_by_its_length()
    {
        // Hours of silence pack into little FLAC.
        string file = Path.Combine(Path.GetTempPath(), $"stemsharp-{Store.Id.New()}.flac");
        try
        {
            using (IAudioWriter writer = AudioFiles.Create(file, 8000, 1, new EncodingOptions { Format = AudioFormat.Flac }))
            {
                float[] minute = new float[60 * 8000];
                for (int i = 0; i < 200; i++)
                {
                    writer.Write(minute);
                }

                writer.Complete();
            }

            await using TestServer server = await TestServer.StartAsync();
            byte[] bomb = await File.ReadAllBytesAsync(file);
            Assert.InRange(bomb.Length, 1, 5_000_000);
            using ByteArrayContent content = Audio(bomb);
            using HttpResponseMessage answer = await server.Http.PostAsync("/api/v1/songs?name=a.flac", content);
            await AssertRefusalAsync(answer, 422, "too-long");
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static ByteArrayContent Audio(byte[] bytes) => new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("audio/wav") } };

    /// <summary>Bytes without a length, so that they are sent in chunks.</summary>
    private sealed class Endless(long bytes) : Stream
    {
        private long _left = bytes;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => 0; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read = (int)Math.Min(count, _left);
            _left -= read;
            return read;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
