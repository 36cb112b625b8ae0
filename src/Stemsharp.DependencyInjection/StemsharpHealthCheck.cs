using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Stemsharp;

/// <summary>
/// Healthy when the separator is open; where it is not, it is opened, so that a host whose model is missing or broken says so before the
/// first song. The reason is in the data as <c>failure</c>.
/// </summary>
/// <param name="source">The separator.</param>
public sealed class StemsharpHealthCheck(StemSeparatorSource source) : IHealthCheck
{
    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            StemSeparator separator = await source.GetAsync(cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy(
                $"{separator.Model} is ready.",
                new Dictionary<string, object> { ["model"] = separator.Model, ["stems"] = string.Join(", ", separator.Stems) });
        }
        catch (StemsharpException error)
        {
            string failure = error is ModelException model ? model.Failure.ToString() : error.GetType().Name;
            return new HealthCheckResult(
                context.Registration.FailureStatus, error.Message, error, new Dictionary<string, object> { ["model"] = source.Model, ["failure"] = failure });
        }
    }
}
