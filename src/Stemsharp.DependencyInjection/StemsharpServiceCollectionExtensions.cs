using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Stemsharp;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers separators.</summary>
public static class StemsharpServiceCollectionExtensions
{
    /// <summary>
    /// Registers a shared <see cref="StemSeparatorSource"/>. Options can also be set by <c>services.Configure&lt;StemsharpOptions&gt;</c>.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Says what to open; null for the defaults.</param>
    public static IServiceCollection AddStemsharp(this IServiceCollection services, Action<StemsharpOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        Add(services, Options.Options.DefaultName, configure);
        services.TryAddSingleton(provider => Make(provider, Options.Options.DefaultName));
        return services;
    }

    /// <summary>
    /// Registers a shared <see cref="StemSeparatorSource"/> under a key, for one of several models: it is injected by
    /// <c>[FromKeyedServices("vocals")]</c>. Its options have the key's name.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="key">The key.</param>
    /// <param name="configure">Says what to open; null for the defaults.</param>
    public static IServiceCollection AddStemsharp(this IServiceCollection services, string key, Action<StemsharpOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(key);
        Add(services, key, configure);
        services.TryAddKeyedSingleton(key, (provider, _) => Make(provider, key));
        return services;
    }

    /// <summary>Adds a health check of a registered separator; it opens the separator.</summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="key">The key that it was registered under; null for the one without.</param>
    /// <param name="name">What the check is called; null for <c>stemsharp</c>, and the key behind it.</param>
    /// <param name="failureStatus">What a failure means; null for unhealthy.</param>
    /// <param name="tags">Tags to choose checks by.</param>
    public static IHealthChecksBuilder AddStemsharp(
        this IHealthChecksBuilder builder, string? key = null, string? name = null, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name ?? (key is null ? "stemsharp" : $"stemsharp-{key}"),
            provider => new StemsharpHealthCheck(key is null ? provider.GetRequiredService<StemSeparatorSource>() : provider.GetRequiredKeyedService<StemSeparatorSource>(key)),
            failureStatus,
            tags));
    }

    private static void Add(IServiceCollection services, string name, Action<StemsharpOptions>? configure)
    {
        services.AddLogging();
        // Redirects are followed by the download itself, which refuses those that leave https.
        services.AddHttpClient(StemSeparatorSource.Category).ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(30) });
        OptionsBuilder<StemsharpOptions> options = services.AddOptions<StemsharpOptions>(name);
        if (configure is not null)
        {
            options.Configure(configure);
        }
    }

    private static StemSeparatorSource Make(IServiceProvider provider, string name) => new(
        provider.GetRequiredService<IOptionsMonitor<StemsharpOptions>>().Get(name),
        provider.GetRequiredService<ILoggerFactory>(),
        provider.GetRequiredService<IHttpMessageHandlerFactory>());
}
