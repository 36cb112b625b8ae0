using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Stemsharp.Client;
using Xunit;
using static Stemsharp.Web.Tests.AccessTests;

namespace Stemsharp.Web.Tests;

/// <summary>Uploads in pieces go on, wherever the connection or the server broke off.</summary>
public sealed class UploadTests
{
    [Fact]
    public async Task Who_goes_before_the_last_answer_finds_the_song_all_the_same()
    {
        using ManualResetEventSlim probing = new(), gone = new();
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Probing = () =>
        {
            probing.Set();
            gone.Wait();
        });
        byte[] song = TestServer.Song();
        Upload upload = await AnnounceAsync(server, song.Length);
        using (TcpClient tcp = new())
        {
            await tcp.ConnectAsync("127.0.0.1", server.Server.Address.Port);
            await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"PATCH /api/v1/uploads/{upload.Id} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.Server.Token}\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: {song.Length}\r\n\r\n"));
            await tcp.GetStream().WriteAsync(song);
            await Task.Run(probing.Wait);
        }
        // All of it is there, and being looked at.
        upload = (await server.Http.GetFromJsonAsync($"/api/v1/uploads/{upload.Id}", ApiJson.Default.Upload))!;
        Assert.Equal((song.Length, null), (upload.Offset, upload.Song));
        gone.Set();
        while (upload.Song is null)
        {
            upload = (await server.Http.GetFromJsonAsync($"/api/v1/uploads/{upload.Id}", ApiJson.Default.Upload))!;
        }

        Job job = await server.Client.CreateJobAsync(new NewJob(upload.Song.Id));
        Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(job.Id)).State);
        Assert.Empty(Directory.GetDirectories(Path.Combine(server.Folder, "uploads")));
    }

    [Fact]
    public async Task A_server_that_was_killed_while_it_took_an_upload_over_asks_for_it_again()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            string id;
            await using (TestServer server = await TestServer.StartAsync(folder: folder))
            {
                id = (await AnnounceAsync(server, 1000)).Id;
            }

            File.Delete(Path.Combine(folder, "uploads", id, "data"));
            await using TestServer again = await TestServer.StartAsync(folder: folder);
            Upload upload = (await again.Http.GetFromJsonAsync($"/api/v1/uploads/{id}", ApiJson.Default.Upload))!;
            Assert.Equal((1000, 0), (upload.Bytes, upload.Offset));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_client_goes_on_after_failures_of_every_kind()
    {
        await using TestServer server = await TestServer.StartAsync();
        // Two pieces.
        byte[] song = TestServer.Song(60);
        using FailingHandler network = new([Failure.Before, Failure.Before, Failure.None, Failure.Behind, Failure.None, Failure.Behind, Failure.Before]);
        using HttpClient http = new(network);
        using StemsharpClient client = new(server.Server.Address, server.Server.Token, http);
        using MemoryStream content = new(song);
        Song uploaded = await client.UploadAsync("song.wav", content);
        Assert.Equal((song.Length, 60d), (uploaded.Bytes, uploaded.DurationSeconds));
        Assert.Equal(song, await File.ReadAllBytesAsync(Path.Combine(server.Folder, "songs", uploaded.Id, "source")));
        Assert.Empty(network.Left);
        Assert.Single(Directory.GetDirectories(Path.Combine(server.Folder, "songs")));
    }

    private static async Task<Upload> AnnounceAsync(TestServer server, long bytes)
    {
        using HttpResponseMessage made = await server.Http.PostAsync("/api/v1/uploads", Json($$"""{"name":"a.wav","bytes":{{bytes}}}"""));
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        return (await made.Content.ReadFromJsonAsync(ApiJson.Default.Upload))!;
    }

    private enum Failure
    {
        None,

        /// <summary>The request does not reach the server.</summary>
        Before,

        /// <summary>The answer does not reach the client.</summary>
        Behind,
    }

    /// <summary>A network on which the requests that go on with an upload fail in their turn.</summary>
    private sealed class FailingHandler(IEnumerable<Failure> failures) : DelegatingHandler(new SocketsHttpHandler())
    {
        public Queue<Failure> Left { get; } = new(failures);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Failure failure = request.Method != HttpMethod.Post && Left.TryDequeue(out Failure next) ? next : Failure.None;
            if (failure == Failure.Before)
            {
                throw new HttpRequestException("The connection was refused.");
            }

            HttpResponseMessage answer = await base.SendAsync(request, cancellationToken);
            if (failure == Failure.None)
            {
                return answer;
            }

            answer.Dispose();
            throw new HttpRequestException("The connection was reset.");
        }
    }
}
