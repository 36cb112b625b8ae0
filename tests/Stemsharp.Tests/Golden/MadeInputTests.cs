using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>
/// The whole way with the engine against the whole way with the interpreter, and with other numbers of threads.
/// </summary>
public class MadeInputTests(ITestOutputHelper output)
{
    private static readonly string Model = RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th");

    [Fact]
    public async Task The_engine_agrees_with_the_interpreter_on_all_of_them()
    {
        await using Separator engine = GoldenModel.Open(Model);
        await using Separator interpreter = GoldenModel.Open(Model, GoldenModel.Interpreter());
        List<string> wrong = [];
        foreach (string name in MadeInputs.Names)
        {
            SeparationResult found = await engine.SeparateAsync(MadeInputs.Get(name));
            SeparationResult truth = await interpreter.SeparateAsync(MadeInputs.Get(name));
            Assert.Equal(truth.Summary.Info, found.Summary.Info with { Stems = truth.Summary.Info.Stems });
            float[] exact = [.. GoldenModel.Parts(truth).SelectMany(channel => channel.ToArray())];
            double snr = GoldenModel.Snr(exact, GoldenModel.Parts(found));

            output.WriteLine($"{name}: {snr:F1} dB");

            // Silence equals silence: 0/0. A very loud constant leaves little for the stems to differ in.
            if (!double.IsNaN(snr) && snr < 100)
            {
                wrong.Add($"{name}: {snr:F1} dB");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Threads_do_not_change_a_bit()
    {
        float[]? first = null;
        foreach (int threads in (int[])[1, 2, 3, 5])
        {
            await using Separator separator = GoldenModel.Open(Model, new SeparatorOptions { Threads = threads, Defaults = new SeparationOptions { Shifts = 2 } });
            SeparationResult result = await separator.SeparateAsync(MadeInputs.Get("music-like"));
            float[] all = [.. GoldenModel.Parts(result).SelectMany(channel => channel.ToArray())];
            first ??= all;
            Assert.True(first.AsSpan().SequenceEqual(all), $"{threads} threads");
        }
    }
}
