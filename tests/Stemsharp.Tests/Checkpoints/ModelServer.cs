using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>What a <see cref="ModelServer"/> does with a request.</summary>
/// <param name="Path">Path and query.</param>
/// <param name="RangeStart">From the Range header; null when there is none.</param>
internal sealed record ModelRequest(string Path, long? RangeStart);

/// <summary>
/// A small web server on this machine whose every answer is scripted, bad manners included. Requests reach it
/// through <see cref="Handler"/>, which stands for the network: https addresses of any host end here. With a
/// certificate it speaks TLS itself, and as a proxy it leads every tunnel to itself.
/// </summary>
internal sealed class ModelServer : IDisposable
{
    private const byte TlsHandshake = 0x16;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<ModelRequest, int, Answer> _answer;
    private readonly List<ModelRequest> _requests = [];
    private readonly List<string> _tunnels = [];
    private readonly X509Certificate2? _certificate;

    public ModelServer(Func<ModelRequest, int, Answer> answer, X509Certificate2? certificate = null)
    {
        _answer = answer;
        _certificate = certificate;
        _listener.Start();
        _ = ServeAsync();
    }

    public IReadOnlyList<ModelRequest> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>Hosts that a client asked this server, as a proxy, to lead it to.</summary>
    public IReadOnlyList<string> Tunnels
    {
        get
        {
            lock (_tunnels)
            {
                return [.. _tunnels];
            }
        }
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Sends every https request to this server, whatever its host.</summary>
    public HttpMessageHandler Handler() => new Rewriter(Port);

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _ = AnswerAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using Stream stream = await OpenAsync(client);
                using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
                string path = (await reader.ReadLineAsync(_stop.Token) ?? "").Split(' ').ElementAtOrDefault(1) ?? "";
                long? range = null;
                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } line)
                {
                    if (line.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase))
                    {
                        range = long.Parse(line["Range: bytes=".Length..].TrimEnd('-'));
                    }
                }

                ModelRequest request = new(path, range);
                int index;
                lock (_requests)
                {
                    index = _requests.Count;
                    _requests.Add(request);
                }

                Answer answer = _answer(request, index);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer.Status} Answer\r\n{string.Concat(answer.Headers.Select(h => $"{h}\r\n"))}Connection: close\r\n\r\n"), _stop.Token);
                foreach (byte[] piece in answer.Pieces > 1 ? answer.Body.Chunk(answer.Body.Length / answer.Pieces + 1) : [answer.Body])
                {
                    await stream.WriteAsync(piece, _stop.Token);
                    await stream.FlushAsync(_stop.Token);
                    await Task.Delay(answer.Pause, _stop.Token);
                }

                if (answer.StallAfterwards)
                {
                    await Task.Delay(Timeout.Infinite, _stop.Token);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
            {
            }
        }
    }

    /// <summary>The stream on which requests come: after a proxy's tunnel and TLS, where the client wants them.</summary>
    private async Task<Stream> OpenAsync(TcpClient client)
    {
        Stream stream = client.GetStream();
        if (_certificate is null)
        {
            return stream;
        }

        byte[] first = new byte[1];
        await client.Client.ReceiveAsync(first, SocketFlags.Peek, _stop.Token);
        if (first[0] != TlsHandshake)
        {
            // A client says nothing more before the tunnel is there, so that the reader takes no byte too many.
            using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
            string asked = await reader.ReadLineAsync(_stop.Token) ?? "";
            while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 })
            {
            }

            lock (_tunnels)
            {
                _tunnels.Add(asked.Split(' ')[1]);
            }

            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), _stop.Token);
        }

        SslStream tls = new(stream);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
        return tls;
    }

    /// <summary>A scripted answer; a body shorter than its Content-Length is a cut connection.</summary>
    internal sealed record Answer(int Status, IReadOnlyList<string> Headers, byte[] Body)
    {
        public bool StallAfterwards { get; init; }

        /// <summary>How many parts the body comes in.</summary>
        public int Pieces { get; init; } = 1;

        /// <summary>The wait after each part.</summary>
        public TimeSpan Pause { get; init; }

        public static Answer Status404 => new(404, ["Content-Length: 0"], []);

        /// <summary>The file, or the rest of it when a range is asked for.</summary>
        public static Answer File(byte[] file, ModelRequest request) => request.RangeStart switch
        {
            null => new Answer(200, [$"Content-Length: {file.Length}"], file),
            long from when from < file.Length => new Answer(206, [$"Content-Length: {file.Length - from}", $"Content-Range: bytes {from}-{file.Length - 1}/{file.Length}"], file[(int)from..]),
            _ => new Answer(416, ["Content-Length: 0", $"Content-Range: bytes */{file.Length}"], []),
        };

        /// <summary>At most <paramref name="bytes"/> of the body, under headers that promise all of it.</summary>
        public Answer Cut(int bytes) => this with { Body = Body[..Math.Min(bytes, Body.Length)] };

        public static Answer Redirect(string location) => new(302, ["Content-Length: 0", $"Location: {location}"], []);
    }

    private sealed class Rewriter(int port) : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.Scheme != Uri.UriSchemeHttps)
            {
                throw new InvalidOperationException($"A request left https: {request.RequestUri}");
            }

            request.RequestUri = new UriBuilder(request.RequestUri) { Scheme = Uri.UriSchemeHttp, Host = "127.0.0.1", Port = port }.Uri;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
