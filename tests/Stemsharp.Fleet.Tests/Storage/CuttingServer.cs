using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Stemsharp.Fleet.Tests.Storage;

/// <summary>A call that came to the server.</summary>
/// <param name="Method">GET or PUT.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Headers">Header lines by their names.</param>
/// <param name="Body">What was put.</param>
internal sealed record Call(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body);

/// <summary>An answer.</summary>
/// <param name="Status">Code and words.</param>
/// <param name="Headers">Header lines; the length is among them where it is to be sent.</param>
/// <param name="Body">What follows.</param>
/// <param name="Cut">The connection is cut after as many bytes of it; null for never.</param>
internal sealed record Answer(string Status, IReadOnlyList<string> Headers, ReadOnlyMemory<byte> Body, int? Cut = null)
{
    internal static Answer Plain(string status, byte[]? body = null, params string[] headers) => new(status, [$"Content-Length: {body?.Length ?? 0}", .. headers], body ?? []);
}

/// <summary>A web server on a socket, so that it can do what servers and networks do when they fail.</summary>
internal sealed class CuttingServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<Call, Answer> _answer;
    private readonly CancellationTokenSource _over = new();

    internal CuttingServer(Func<Call, Answer> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = AcceptAsync();
    }

    internal string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>What has come so far.</summary>
    internal ConcurrentQueue<Call> Calls { get; } = new();

    /// <summary>Sends a file, or the part of it that is asked for, as servers do; cuts the connection after some bytes.</summary>
    internal static Answer File(Call call, byte[] content, string? tag, int? cut)
    {
        int from = 0;
        string[] marks = tag is null ? [] : [$"ETag: {tag}"];
        if (call.Headers.TryGetValue("Range", out string? range) && (!call.Headers.TryGetValue("If-Range", out string? version) || version == tag))
        {
            from = int.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
            marks = [.. marks, $"Content-Range: bytes {from}-{content.Length - 1}/{content.Length}"];
        }

        return new Answer(from > 0 ? "206 Partial Content" : "200 OK", [$"Content-Length: {content.Length - from}", "Content-Type: audio/wav", .. marks], content.AsMemory(from), cut);
    }

    public void Dispose()
    {
        _over.Cancel();
        _listener.Dispose();
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync(_over.Token);
                _ = Task.Run(() => ServeAsync(socket));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The server ends.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            await using NetworkStream stream = new(socket);
            Call call = await ReadAsync(stream);
            Calls.Enqueue(call);
            Answer answer = _answer(call);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer.Status}\r\n{string.Concat(answer.Headers.Select(h => h + "\r\n"))}Connection: close\r\n\r\n"));
            await stream.WriteAsync(answer.Cut is { } cut ? answer.Body[..Math.Min(cut, answer.Body.Length)] : answer.Body);
        }
    }

    private static async Task<Call> ReadAsync(NetworkStream stream)
    {
        List<byte> head = [];
        byte[] one = new byte[1];
        while (!(head.Count >= 4 && head[^4] == '\r' && head[^3] == '\n' && head[^2] == '\r' && head[^1] == '\n') && await stream.ReadAsync(one) == 1)
        {
            head.Add(one[0]);
        }

        string[] lines = Encoding.ASCII.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, string> headers = lines.Skip(1).Select(l => l.Split(": ", 2)).ToDictionary(p => p[0], p => p[1], StringComparer.OrdinalIgnoreCase);
        byte[] body = new byte[headers.TryGetValue("Content-Length", out string? length) ? int.Parse(length, CultureInfo.InvariantCulture) : 0];
        await stream.ReadExactlyAsync(body);
        string[] first = lines[0].Split(' ');
        return new Call(first[0], first[1], headers, body);
    }
}
