using System.Diagnostics.Tracing;
using System.Reflection;
using System.Runtime.CompilerServices;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Stemsharp.Cli.Hosting;

/// <summary>
/// Sends activities and measurements to an OpenTelemetry collector, where the standard variables name one. What is measured lies with
/// those who know it, in the base library's own terms; this is the only place that knows who listens.
/// </summary>
internal static class TelemetryExport
{
    internal const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT", TracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", MetricsEndpoint = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";

    private const string Ours = "Stemsharp*", Runtime = "System.Runtime";

    private static readonly string[] s_protocols =
        ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"];

    /// <summary>Begins to send; null where no variable says where to. What is left is sent when the result is disposed of, within seconds.</summary>
    /// <param name="service">What this process is called, where no variable says otherwise.</param>
    /// <param name="note">Told once of each kind of trouble, such as a collector that is away.</param>
    /// <exception cref="OptionException">A variable cannot be understood.</exception>
    internal static IDisposable? Start(string service, Action<string> note)
    {
        bool traces = IsOn(TracesEndpoint, "OTEL_TRACES_EXPORTER"), metrics = IsOn(MetricsEndpoint, "OTEL_METRICS_EXPORTER");
        if (!traces && !metrics)
        {
            return null;
        }

        Check();
        return Begin(service, traces, metrics, note);
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static bool IsOn(string endpoint, string exporter) =>
        (Variable(Endpoint) ?? Variable(endpoint)) is not null
        && !string.Equals(Variable(exporter), "none", StringComparison.OrdinalIgnoreCase)
        && !string.Equals(Variable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase);

    // The package leaves out what it does not understand.
    private static void Check()
    {
        foreach (string name in (string[])[Endpoint, TracesEndpoint, MetricsEndpoint])
        {
            if (Variable(name) is { } value && !(Uri.TryCreate(value, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"))
            {
                throw new OptionException($"{name} is \"{value}\", which is no address of a collector; write http://HOST:4317 for gRPC, http://HOST:4318 for HTTP.");
            }
        }

        foreach (string name in s_protocols)
        {
            if (Variable(name) is { } value && value is not ("grpc" or "http/protobuf"))
            {
                throw new OptionException($"{name} is \"{value}\"; grpc and http/protobuf can be spoken.");
            }
        }
    }

    // On its own, so that nothing of the packages is loaded where nobody listens.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Sending Begin(string service, bool traces, bool metrics, Action<string> note)
    {
        string version = typeof(Separator).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
        // The last one counts: what the variables say.
        ResourceBuilder resource = ResourceBuilder.CreateEmpty()
            .AddService(service, serviceVersion: version).AddAttributes([new("host.name", Environment.MachineName), new("process.pid", Environment.ProcessId)])
            .AddTelemetrySdk().AddEnvironmentVariableDetector();
        Troubles troubles = new(note);
        return new Sending(
            traces ? Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(Ours).AddOtlpExporter().Build() : null,
            metrics ? Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(Ours, Runtime).AddOtlpExporter().Build() : null,
            troubles);
    }

    private sealed class Sending(TracerProvider? traces, MeterProvider? metrics, Troubles troubles) : IDisposable
    {
        private const int Most = 5000;

        public void Dispose()
        {
            traces?.Shutdown(Most);
            metrics?.Shutdown(Most);
            traces?.Dispose();
            metrics?.Dispose();
            troubles.Dispose();
        }
    }

    /// <summary>Hears what the exporter has to complain of.</summary>
    private sealed class Troubles(Action<string> note) : EventListener
    {
        private const string Exporter = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

        private readonly HashSet<int> _told = [];

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == Exporter)
            {
                EnableEvents(eventSource, EventLevel.Warning);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            lock (_told)
            {
                if (!_told.Add(eventData.EventId))
                {
                    return;
                }
            }

            string[] words = [.. eventData.Payload?.Select(word => $"{word}".Split('\n')[0].Trim()) ?? []];
            note($"Telemetry is not sent: {(eventData.Message is { } message ? string.Format(System.Globalization.CultureInfo.InvariantCulture, message, [.. words]) : string.Join(' ', words))}");
        }
    }
}
