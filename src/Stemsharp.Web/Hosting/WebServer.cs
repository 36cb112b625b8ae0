using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Stemsharp.Cli.Hosting;
using Stemsharp.Client;
using Stemsharp.Web.Api;
using Stemsharp.Web.Delivery;
using Stemsharp.Web.Dispatch;
using Stemsharp.Web.Observability;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Security;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Hosting;

/// <summary>Puts the server together.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    /// <summary>Requests other than uploads are small.</summary>
    private const long MaxBody = 64 << 10;
    private readonly WebApplication _app;
    private readonly DataFolder _folder;

    private WebServer(WebApplication app, DataFolder folder, string token)
    {
        (_app, _folder, Token) = (app, folder, token);
    }

    public string Token { get; }

    /// <summary>The door to the machine's own network.</summary>
    public LanSwitch Lan => Services.GetRequiredService<LanSwitch>();

    public IServiceProvider Services => _app.Services;

    /// <summary>Where the server listens, as clients on this machine or behind the proxy call it.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    /// <summary>The port that is bound, which behind a proxy is not that of the address.</summary>
    public int Port { get; private set; }

    /// <summary>The page's address with the token in its fragment, which browsers send to no server.</summary>
    public string PageAddress => $"{Address}#token={Token}";

    /// <summary>Puts a server together.</summary>
    /// <param name="options">What it may.</param>
    /// <param name="separator">What separates.</param>
    /// <param name="logging">Adds where the log goes.</param>
    /// <param name="services">Puts other parts in place of the server's own.</param>
    /// <param name="fleet">Whose workers do the work; null where the server does it itself.</param>
    public static WebServer Create(
        ServeOptions options, ISongSeparator separator, Action<ILoggingBuilder>? logging = null, Action<IServiceCollection>? services = null,
        FleetLink? fleet = null)
    {
        DataFolder folder = new(options.DataFolder);
        try
        {
            string token = Access.ReadOrCreateToken(folder.Token);
            return new WebServer(Build(options, separator, folder, token, logging, services, fleet), folder, token);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Everything that is answered, as <c>METHOD /path</c>.</summary>
    public IEnumerable<string> Endpoints => _app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .SelectMany(endpoint => (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []).Select(method => $"{method} {endpoint.RoutePattern.RawText}"));

    public async Task StartAsync(ServeOptions options, CancellationToken cancellationToken = default)
    {
        try
        {
            await _app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error) when (error.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new AddressInUseException($"Port {options.Port} is in use; another server may be running. Choose another with --port, or 0 for any that is free.", error);
        }
        Uri bound = new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()
            .Replace("[::]", "localhost", StringComparison.Ordinal).Replace("0.0.0.0", "localhost", StringComparison.Ordinal));
        Port = bound.Port;
        string host = options.HostNames.Count > 0 ? options.HostNames[0] : bound.Host;
        if (options.Lan)
        {
            Lan.Turn(true, options.LanPort);
        }

        Services.GetRequiredService<ModelService>().Resume();
        Address = options.BehindProxy ? new Uri($"https://{host}/") : new UriBuilder(bound.Scheme, host, bound.Port).Uri;
    }

    public Task WaitForShutdownAsync(CancellationToken cancellationToken = default) => _app.WaitForShutdownAsync(cancellationToken);

    public Task StopAsync() => _app.StopAsync();

    public void RequestStop() => _app.Lifetime.StopApplication();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync().ConfigureAwait(false);
        _folder.Dispose();
    }

    private static WebApplication Build(
        ServeOptions options, ISongSeparator separator, DataFolder folder, string token, Action<ILoggingBuilder>? logging, Action<IServiceCollection>? services,
        FleetLink? fleet)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = folder.Root });
        builder.Logging.ClearProviders();
        logging?.Invoke(builder.Logging);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // What keeps the host from starting is thrown, and told in one line.
        CancellationToken started = CancellationToken.None;
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", level => level >= LogLevel.Warning && started.IsCancellationRequested);
        // A client that breaks off or sends rubbish is no news.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error);
        TlsCertificate? certificate = options.Certificate is { } file ? TlsCertificate.Load(file, options.CertificateKey) : null;
        LanSwitch lan = new(folder.LanCertificate);
        builder.WebHost.UseKestrelHttpsConfiguration();

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = 2048;
            kestrel.Limits.MaxRequestBodySize = MaxBody;
            kestrel.Limits.MaxRequestLineSize = 8 << 10;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 << 10;
            kestrel.Limits.MaxRequestHeaderCount = 64;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
            // The second door is a configuration that changes while the server runs.
            kestrel.Configure(new ConfigurationBuilder().Add(lan).Build(), reloadOnChange: true)
                .Endpoint(LanSwitch.Endpoint, endpoint => endpoint.HttpsOptions.ServerCertificate = lan.Certificate);
            kestrel.Listen(options.Address, options.Port, listen =>
            {
                if (certificate is not null)
                {
                    listen.UseHttps(https => (https.ServerCertificate, https.ServerCertificateChain) = (certificate.Leaf, certificate.Chain));
                }
            });
        });
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
            json.SerializerOptions.TypeInfoResolverChain.Add(DocumentJson.Default);
            json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
        });
        builder.Services.AddOpenApi("v1", openApi => openApi.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Stemsharp";
            document.Info.Version = ServerApi.Version;
            document.Info.Description = "Takes songs apart. Send the token as 'Authorization: Bearer …'.";
            document.Servers = [];
            return Task.CompletedTask;
        }));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(20));
        DiskBudget disk = new(options.MaxDiskBytes, folder.Root);
        builder.Services
            .AddSingleton(options).AddSingleton(folder).AddSingleton(disk).AddSingleton(separator).AddSingleton(lan).AddSingleton(TimeProvider.System)
            .AddSingleton<Pairing>().AddSingleton(provider => new Access(token, options, lan, provider.GetRequiredService<Pairing>()))
            .AddSingleton<Metrics>().AddSingleton<EventHub>().AddSingleton<SongStore>().AddSingleton<UploadStore>()
            .AddSingleton<SqliteJobStore>().AddSingleton<IJobStore>(provider => provider.GetRequiredService<SqliteJobStore>())
            .AddSingleton<INoteStore>(provider => provider.GetRequiredService<SqliteJobStore>())
            .AddSingleton<IDeviceStore>(provider => provider.GetRequiredService<SqliteJobStore>()).AddSingleton<JobQueue>()
            .AddSingleton<UploadSlots>().AddSingleton<ModelService>().AddSingleton<StemEncoder>().AddSingleton<Mixer>()
            .AddSingleton<SpeedGauge>()
            .AddSingleton<SongAnalyzer>().AddHostedService(provider => provider.GetRequiredService<SongAnalyzer>())
            .AddHostedService<Retention>();
        if (fleet is null)
        {
            // How fast workers are tell the songs that they have done.
            builder.Services.AddHostedService<Pipeline>().AddHostedService(provider => provider.GetRequiredService<SpeedGauge>());
        }
        else
        {
            builder.Services.AddSingleton(fleet).AddSingleton<FleetBoard>().AddHostedService<FleetPipeline>();
        }

        services?.Invoke(builder.Services);
        WebApplication app = builder.Build();
        started = app.Lifetime.ApplicationStarted;
        if (options.BehindProxy)
        {
            app.UseForwardedHeaders(Forwarded());
        }

        app.UseMiddleware<RequestGuard>();
        app.UseRouting();
        app.MapOpenApi("/api/{documentName}/openapi.json");
        RouteGroupBuilder api = app.MapGroup("/api/v1");
        ServerApi.Map(api);
        SongsApi.Map(api);
        AnalysisApi.Map(api);
        JobsApi.Map(api);
        StemsApi.Map(api);
        EventsApi.Map(api);
        LanApi.Map(api);
        if (fleet is not null)
        {
            FleetApi.Map(api);
        }

        HealthApi.Map(app);
        PageFiles.Map(app, options.PageFolder);
        return app;
    }

    /// <summary>
    /// What a proxy tells is believed from whoever connects: the option says that only the proxy can. The guard still
    /// compares the host with the server's names, and asks that the proxy was reached by TLS.
    /// </summary>
    private static ForwardedHeadersOptions Forwarded()
    {
        ForwardedHeadersOptions forwarded = new()
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedProto,
            ForwardLimit = 1,
            RequireHeaderSymmetry = false,
        };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        return forwarded;
    }
}
