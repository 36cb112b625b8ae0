using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Stemsharp.Tests;

/// <summary>A collector as small as can be: takes OTLP over HTTP and keeps what has arrived.</summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _serving;

    internal OtlpReceiver()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        Address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
        probe.Stop();
        _listener.Prefixes.Add(Address + "/");
        _listener.Start();
        _serving = ServeAsync();
    }

    internal string Address { get; }

    /// <summary>The variables that a process needs to send here.</summary>
    internal Dictionary<string, string> Environment => new()
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Address,
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
    };

    internal ConcurrentQueue<OtlpSpan> Spans { get; } = [];

    internal ConcurrentQueue<OtlpPoint> Points { get; } = [];

    /// <summary>The last measurement of an instrument with these attributes, <c>name=value</c>.</summary>
    internal OtlpPoint? Last(string instrument, params string[] attributes) =>
        Points.LastOrDefault(p => p.Name == instrument && attributes.All(a => p.Attributes.TryGetValue(a.Split('=')[0], out string? value) && value == a.Split('=')[1]));

    public void Dispose()
    {
        _listener.Stop();
        _serving.Wait();
        _listener.Close();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            using MemoryStream body = new();
            await context.Request.InputStream.CopyToAsync(body);
            switch (context.Request.Url!.AbsolutePath)
            {
                case "/v1/traces":
                    ReadTraces(body.ToArray());
                    break;
                case "/v1/metrics":
                    ReadMetrics(body.ToArray());
                    break;
                default:
                    context.Response.StatusCode = 404;
                    break;
            }

            context.Response.Close();
        }
    }

    // opentelemetry/proto/collector/trace/v1: resource_spans = 1 { resource = 1, scope_spans = 2 { scope = 1, spans = 2 } }
    private void ReadTraces(byte[] request)
    {
        foreach (Message resource in new Message(request).All(1))
        {
            Dictionary<string, string> service = Attributes(resource.One(1), 1);
            foreach (Message scope in resource.All(2))
            {
                foreach (Message span in scope.All(2))
                {
                    Spans.Enqueue(new OtlpSpan(
                        service["service.name"], scope.One(1).Text(1), span.Text(5), Convert.ToHexStringLower(span.Bytes(1)), Convert.ToHexStringLower(span.Bytes(2)),
                        Convert.ToHexStringLower(span.Bytes(4)), Attributes(span, 9), (int)span.One(15).Number(3), span.Number(8) - span.Number(7)));
                }
            }
        }
    }

    // opentelemetry/proto/metrics/v1: name = 1, unit = 3, gauge = 5, sum = 7, histogram = 9, each with data_points = 1
    private void ReadMetrics(byte[] request)
    {
        foreach (Message resource in new Message(request).All(1))
        {
            Dictionary<string, string> service = Attributes(resource.One(1), 1);
            foreach (Message scope in resource.All(2))
            {
                foreach (Message metric in scope.All(2))
                {
                    foreach (int kind in (int[])[5, 7, 9])
                    {
                        foreach (Message point in metric.One(kind).All(1))
                        {
                            Points.Enqueue(kind == 9
                                ? new OtlpPoint(service["service.name"], scope.One(1).Text(1), metric.Text(1), metric.Text(3), Attributes(point, 9), point.Real(5), point.Number(4))
                                : new OtlpPoint(service["service.name"], scope.One(1).Text(1), metric.Text(1), metric.Text(3), Attributes(point, 7), point.Has(4) ? point.Real(4) : point.Number(6), 1));
                        }
                    }
                }
            }
        }
    }

    // key = 1, value = 2 { string = 1, bool = 2, int = 3, double = 4 }
    private static Dictionary<string, string> Attributes(Message owner, int field) => owner.All(field).ToDictionary(a => a.Text(1), a =>
    {
        Message value = a.One(2);
        return value.Has(1) ? value.Text(1) : value.Has(4) ? FormattableString.Invariant($"{value.Real(4)}") : FormattableString.Invariant($"{value.Number(value.Has(3) ? 3 : 2)}");
    });

    /// <summary>A message of protocol buffers: fields by number, in their order.</summary>
    private sealed class Message
    {
        private readonly List<(int Field, byte[] Bytes, long Number)> _fields = [];

        internal Message(ReadOnlySpan<byte> bytes)
        {
            while (bytes.Length > 0)
            {
                long key = Variable(ref bytes);
                int field = (int)(key >> 3);
                switch (key & 7)
                {
                    case 0:
                        _fields.Add((field, [], Variable(ref bytes)));
                        break;
                    case 1:
                        _fields.Add((field, [], BinaryPrimitives.ReadInt64LittleEndian(bytes)));
                        bytes = bytes[8..];
                        break;
                    case 2:
                        int length = (int)Variable(ref bytes);
                        _fields.Add((field, bytes[..length].ToArray(), 0));
                        bytes = bytes[length..];
                        break;
                    case 5:
                        _fields.Add((field, [], BinaryPrimitives.ReadInt32LittleEndian(bytes)));
                        bytes = bytes[4..];
                        break;
                    default:
                        throw new InvalidDataException($"wire type {key & 7}");
                }
            }
        }

        internal IEnumerable<Message> All(int field) => _fields.Where(f => f.Field == field).Select(f => new Message(f.Bytes));

        internal Message One(int field) => new(Bytes(field));

        internal bool Has(int field) => _fields.Any(f => f.Field == field);

        internal byte[] Bytes(int field) => _fields.LastOrDefault(f => f.Field == field).Bytes ?? [];

        internal string Text(int field) => Encoding.UTF8.GetString(Bytes(field));

        internal long Number(int field) => _fields.LastOrDefault(f => f.Field == field).Number;

        internal double Real(int field) => BitConverter.Int64BitsToDouble(Number(field));

        private static long Variable(ref ReadOnlySpan<byte> bytes)
        {
            long value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte next = bytes[0];
                bytes = bytes[1..];
                value |= (long)(next & 0x7f) << shift;
                if (next < 0x80)
                {
                    return value;
                }
            }
        }
    }
}

/// <summary>An activity that has arrived.</summary>
internal sealed record OtlpSpan(
    string Service, string Source, string Name, string Trace, string Id, string Parent, IReadOnlyDictionary<string, string> Attributes, int Status, long Nanoseconds);

/// <summary>A measurement that has arrived: a value, or a histogram's sum and count.</summary>
internal sealed record OtlpPoint(string Service, string Meter, string Name, string Unit, IReadOnlyDictionary<string, string> Attributes, double Value, long Count);
