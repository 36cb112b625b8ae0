using Stemsharp.Tests.Golden;

namespace Stemsharp.Tests.Separation;

/// <summary>A real model's shapes with a fake network in it: separators that answer at once.</summary>
internal static class FakeModel
{
    /// <summary>Samples of its segment.</summary>
    public const int Segment = 85_995;

    private static readonly Lazy<ModelSource> Tiny4 = new(() => GoldenModel.Source(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th")));

    /// <summary>drums, bass, other, vocals.</summary>
    public static ModelSource Source => Tiny4.Value;

    public static Separator Open(
        SeparatorOptions? options = null, Action<CancellationToken>? before = null, List<FakeEngine>? engines = null, Func<int, double, double, double>? formula = null) =>
        Separator.Open(Source, (options ?? new SeparatorOptions()) with
        {
            Engine = "fake",
            Backends =
            [
                new FakeBackend(definition =>
                {
                    FakeEngine engine = new(definition, formula) { Before = before };
                    engines?.Add(engine);
                    return engine.ToEngine();
                }),
            ],
        });

    /// <summary>Stereo noise at the model's rate.</summary>
    public static AudioInput Noise(int frames, int seed = 1)
    {
        Random random = new(seed);
        return AudioInput.FromSamples(
            Enumerable.Range(0, 2 * frames).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray(), 44_100, 2);
    }
}
