using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Stemsharp.Tests;

public sealed class DependencyInjectionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_separator_is_opened_once_when_it_is_first_asked_for_and_closed_with_the_container()
    {
        StemSeparator separator;
        ServiceCollection services = new();
        NotedLog log = new();
        services.AddSingleton<ILoggerFactory>(log);
        services.AddStemsharp(options => options.Separator = new SeparatorOptions { Model = RepositoryFiles.DemoModel, Threads = 1 });
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            StemSeparatorSource source = provider.GetRequiredService<StemSeparatorSource>();
            Assert.False(source.IsOpen);
            StemSeparator[] both = await Task.WhenAll(source.GetAsync().AsTask(), source.GetAsync().AsTask());
            separator = both[0];
            Assert.Same(separator, both[1]);
            Assert.True(source.IsOpen);
            await separator.SeparateAsync(AudioInput.FromSamples(new float[8820], 44_100, 2));
            Assert.Contains(log.Lines, line => line.StartsWith("Stemsharp: ", StringComparison.Ordinal));
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => separator.SeparateAsync(AudioInput.FromSamples(new float[8820], 44_100, 2)));
    }

    [Fact]
    public async Task Keys_have_separators_and_options_of_their_own()
    {
        ServiceCollection services = new();
        services.AddStemsharp("all", options => options.Separator = new SeparatorOptions { Model = RepositoryFiles.DemoModel, Preload = false });
        services.AddStemsharp("voice", options => options.Separator = new SeparatorOptions { Model = RepositoryFiles.DemoModel, Preload = false });
        services.Configure<StemsharpOptions>("voice", options => options.Separator = options.Separator with { Stems = ["vocals"] });
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Null(provider.GetService<StemSeparatorSource>());
        StemSeparator all = await provider.GetRequiredKeyedService<StemSeparatorSource>("all").GetAsync();
        StemSeparator voice = await provider.GetRequiredKeyedService<StemSeparatorSource>("voice").GetAsync();
        Assert.NotSame(all, voice);
        Assert.Null(all.Options.Stems);
        Assert.Equal(["vocals"], voice.Options.Stems);
    }

    [Fact]
    public async Task Health_tells_what_is_wrong_and_a_later_try_may_succeed()
    {
        string model = Path.Combine(_folder, "model.th");
        ServiceCollection services = new();
        services.AddStemsharp(options => options.Separator = new SeparatorOptions { Model = model, Preload = false });
        services.AddHealthChecks().AddStemsharp();
        await using ServiceProvider provider = services.BuildServiceProvider();
        HealthCheckService health = provider.GetRequiredService<HealthCheckService>();
        HealthReportEntry sick = (await health.CheckHealthAsync()).Entries["stemsharp"];
        Assert.Equal((HealthStatus.Unhealthy, "NotInstalled"), (sick.Status, sick.Data["failure"]));
        Assert.Contains(model, sick.Description, StringComparison.Ordinal);
        File.Copy(RepositoryFiles.DemoModel, model);
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);
    }

    [Fact]
    public async Task Downloads_go_through_the_hosts_clients_unless_they_are_forbidden()
    {
        int asked = 0;
        ServiceCollection services = new();
        services.AddStemsharp(Configure(allow: true));
        services.AddStemsharp("never", Configure(allow: false));
        services.AddHttpClient(StemSeparatorSource.Category).ConfigurePrimaryHttpMessageHandler(() => new Answer(() => asked++));
        await using ServiceProvider provider = services.BuildServiceProvider();
        ModelException never = await Assert.ThrowsAsync<ModelException>(() => provider.GetRequiredKeyedService<StemSeparatorSource>("never").GetAsync().AsTask());
        Assert.Equal((ModelFailure.Offline, 0), (never.Failure, asked));
        ModelException failed = await Assert.ThrowsAsync<ModelException>(() => provider.GetRequiredService<StemSeparatorSource>().GetAsync().AsTask());
        Assert.Equal(ModelFailure.Download, failed.Failure);
        Assert.NotEqual(0, asked);

        Action<StemsharpOptions> Configure(bool allow) => options =>
        {
            options.Catalog = new ModelCatalogOptions { CacheFolder = _folder };
            options.AllowDownload = allow;
        };
    }

    private sealed class Answer(Action asked) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            asked();
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.NotFound));
        }
    }

    private sealed class NotedLog : ILoggerFactory, ILogger
    {
        private string _category = "";

        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName)
        {
            _category = categoryName;
            return this;
        }

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (Lines)
            {
                Lines.Add($"{_category}: {formatter(state, exception)}");
            }
        }

        public void Dispose()
        {
        }
    }
}
