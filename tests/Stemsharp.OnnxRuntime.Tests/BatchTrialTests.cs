using System.Globalization;
using Xunit;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>How many pieces run together is found by a clock that runs tell what they took.</summary>
public sealed class BatchTrialTests : IDisposable
{
    private readonly FakeOnnxRuntime _fake = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test-").FullName;
    private readonly List<string> _said = [];
    private readonly Clock _clock = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Seconds that a run of 1, 2, 4 and 8 pieces takes; what is chosen, and how many are tried.</summary>
    [Theory]
    [InlineData(8, "1 1.2 1.8 3", 8, 4)]
    [InlineData(8, "1 1.2 2.4 4", 2, 3)]
    [InlineData(8, "1 1.95 1 1", 1, 2)]
    [InlineData(2, "1 1.2 1 1", 2, 2)]
    [InlineData(8, "1 1.2 fails 1", 2, 3)]
    [InlineData(1, "1 1 1 1", 1, 0)]
    public void As_many_as_are_worth_it_run_together(int most, string seconds, int chosen, int tried)
    {
        List<int> loaded = [];
        Assert.Equal(chosen, Choose(most, seconds.Split(' '), 0, loaded.Add));
        Assert.Equal(((int[])[1, 2, 4, 8])[..tried], loaded);
        Assert.Empty(_fake.Live);
        Assert.Empty(_fake.Errors);

        // It is known from then on, and no more are taken than memory has room for.
        loaded.Clear();
        Assert.Equal(chosen, Choose(most, [], 0, loaded.Add));
        Assert.Equal(1, Choose(1, [], 0, loaded.Add));
        Assert.Empty(loaded);
    }

    [Theory]
    [InlineData(0, "each has the bits that it has alone")]
    [InlineData(0.25f, "they differ from those alone by 2.5e-1 of the loudest sample")]
    public void How_much_company_changes_is_said(float leak, string words)
    {
        Assert.Equal(2, Choose(2, ["1", "1"], leak, _ => { }));
        Assert.Equal(2, _said.Count);
        Assert.Equal($"2 segments together take 0.500 s each, one alone 1.000 s; {words}.", _said[1]);
    }

    /// <summary>Where somebody asks for a number, nothing is chosen, and what company changes is said none the less.</summary>
    [Theory]
    [InlineData(0, "2 segments run together; each has the bits that it has alone.")]
    [InlineData(0.25f, "2 segments run together; they differ from those alone by 2.5e-1 of the loudest sample.")]
    public void How_much_company_changes_is_said_where_it_was_asked_for(float leak, string words)
    {
        List<int> loaded = [];
        string file = Path.Combine(_folder, "graph.x2.bits");
        BatchTrial.Tell(file, 2, Loader(["1", "1"], leak, loaded.Add), _said.Add);
        Assert.Equal(["What 2 segments together are to each of them alone is compared, this once.", words], _said);
        Assert.Equal([1, 2], loaded);

        BatchTrial.Tell(file, 2, Loader([], leak, loaded.Add), _said.Add);
        Assert.Equal(words, _said[2]);
        File.WriteAllText(file, "half a numb");
        BatchTrial.Tell(file, 2, Loader(["1", "1"], leak, loaded.Add), _said.Add);
        Assert.Equal([1, 2, 1, 2], loaded);
        BatchTrial.Tell(null, 4, Loader([], leak, loaded.Add), _said.Add);
        Assert.StartsWith("4 segments run together; onnxruntime does not promise", _said[^1], StringComparison.Ordinal);
        Assert.Equal(4, loaded.Count);
        Assert.Empty(_fake.Live);
    }

    private int Choose(int most, string[] seconds, float leak, Action<int> loaded) => BatchTrial.Choose(Path.Combine(_folder, "graph.batch"), most, Loader(seconds, leak, loaded), _said.Add, _clock);

    private Func<int, OnnxNetworkSession> Loader(string[] seconds, float leak, Action<int> loaded) => pieces =>
    {
        loaded(pieces);
        string took = seconds[int.Log2(pieces)];
        _fake.LoadFailure = took == "fails" ? "Failed to allocate memory" : null;
        _fake.Inputs = [("mix", [pieces, 2, 5])];
        _fake.Outputs = [("stems", [pieces, 3, 2, 5])];
        _fake.Network = (inputs, outputs) =>
        {
            outputs[0].AsSpan().Clear();
            (outputs[0][^30], outputs[0][^29]) = (1, pieces > 1 ? leak : 0);
            _clock.Now += double.Parse(took, CultureInfo.InvariantCulture);
        };
        string graph = Path.Combine(_folder, "graph.onnx");
        File.WriteAllText(graph, "");
        return new OnnxNetworkSession(_fake.Library(), graph);
    };

    private sealed class Clock : TimeProvider
    {
        public double Now { get; set; }

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => (long)(Now * 1_000_000);
    }
}
