using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Signal;
using Xunit;

namespace Stemsharp.Tests.Inference;

/// <summary>The JSON form of a definition: everything comes back, and what cannot be right is refused by name.</summary>
public class DefinitionJsonTests
{
    [Theory]
    [InlineData("synthetic:htdemucs")]
    [InlineData("synthetic:htdemucs_6s")]
    public void A_networks_definition_comes_back(string model)
    {
        NetworkDefinition definition = FamilyTable.All.Open(model).Definition;
        Same(definition, DefinitionJson.FromText(DefinitionJson.ToText(definition)));
    }

    [Fact]
    public void Every_field_comes_back() => Prop.ForAll(Definitions().ToArbitrary(), definition =>
    {
        definition.Validate();
        string text = DefinitionJson.ToText(definition);
        Same(definition, DefinitionJson.FromText(text));
        Assert.Equal(text, DefinitionJson.ToText(DefinitionJson.FromText(text)));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void The_text_is_the_documented_one() => Assert.Equal(
        """
        {"definition":1,"stems":["vocals"],"sample_rate":44100,"channels":2,"cut":{"samples":88200,"lengths":{"least":88200,"step":1,"most":88200},"step":44100,"step_share":[1,2],"window":"whole","fill":"mirrored","border":"mirrored","fade":"lines","fade_divisor":10,"normalization":"population","max_shift":0},"transform":{"n_fft":2048,"hop_length":441,"bins":1025,"window":"hann","normalized":false,"pad_start":0,"pad_end":"none","pad_mode":"reflect","dropped_frames":0,"envelope":"real","output_start":0,"output":"whole_hops"},"inputs":[{"name":"mix","role":"spectrogram"}],"outputs":[{"name":"stems","role":"spectrogram"}]}
        """.Trim(),
        DefinitionJson.ToText(Spectral));

    [Theory]
    [InlineData("no JSON", "not json", "no JSON")]
    [InlineData("no object", "[1]", "damaged")]
    [InlineData("empty", "{}", "damaged")]
    public void Other_texts_are_refused(string what, string text, string expected)
    {
        Assert.NotEmpty(what);
        Assert.Contains(expected, Assert.Throws<ModelException>(() => DefinitionJson.FromText(text)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("definition", "2", "version 2")]
    [InlineData("definition", "\"1\"", "damaged")]
    [InlineData("stems", "[]", "stems")]
    [InlineData("stems", "[\"a\", \"A\"]", "different names")]
    [InlineData("stems", "[null]", "no name")]
    [InlineData("sample_rate", "0", "0 Hz")]
    [InlineData("sample_rate", "44100.5", "sample_rate")]
    [InlineData("channels", "0", "0 channels")]
    [InlineData("channels", "1000000000000", "channels")]
    [InlineData("cut.samples", "0", "0 samples")]
    [InlineData("cut.samples", "100000", "too long")]
    [InlineData("cut.lengths.step", "0", "lengths")]
    [InlineData("cut.lengths.most", "5", "lengths")]
    [InlineData("cut.step_share", "[3, 2]", "3/2")]
    [InlineData("cut.step_share", "[1]", "step_share")]
    [InlineData("cut.window", "\"half\"", "valid are whole, shortest, shortest_unless_set")]
    [InlineData("cut.fade", "3", "damaged")]
    [InlineData("cut.fade_divisor", "1", "fades over 1/1")]
    [InlineData("cut.max_shift", "-1", "-1 samples")]
    [InlineData("transform.n_fft", "2047", "n_fft = 2047")]
    [InlineData("transform.n_fft", "14336", "n_fft = 14336")]
    [InlineData("transform.hop_length", "2049", "hop of 2049")]
    [InlineData("transform.bins", "1026", "1026 bins")]
    [InlineData("transform.window", "\"hamming\"", "hamming")]
    [InlineData("inputs", "[]", "inputs and outputs")]
    [InlineData("outputs", "[{\"name\": \"a\", \"role\": \"waveform\"}, {\"name\": \"b\", \"role\": \"waveform\"}]", "different roles")]
    [InlineData("outputs", "[{\"name\": \"a\", \"role\": \"phase\"}]", "phase")]
    public void A_field_that_cannot_be_right_is_named(string field, string value, string expected)
    {
        JsonNode json = JsonNode.Parse(DefinitionJson.ToText(Spectral))!;
        string[] path = field.Split('.');
        JsonNode parent = path.SkipLast(1).Aggregate(json, (node, name) => node[name]!);
        parent[path[^1]] = JsonNode.Parse(value);
        ModelException error = Assert.Throws<ModelException>(() => DefinitionJson.FromText(json.ToJsonString()));
        Assert.Contains(expected, error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_missing_field_is_refused_wherever_it_is()
    {
        JsonObject json = JsonNode.Parse(DefinitionJson.ToText(Spectral))!.AsObject();
        foreach (string[] path in Fields(json, []).Where(path => path is not (["cut", "step"] or ["transform"])))
        {
            JsonObject copy = json.DeepClone().AsObject();
            path.SkipLast(1).Aggregate((JsonNode)copy, (node, name) => node[name]!).AsObject().Remove(path[^1]);
            Assert.Throws<ModelException>(() => DefinitionJson.FromText(copy.ToJsonString()));
        }

        static IEnumerable<string[]> Fields(JsonObject json, string[] above) => json.SelectMany(field =>
            (IEnumerable<string[]>)[[.. above, field.Key], .. field.Value is JsonObject inner ? Fields(inner, [.. above, field.Key]) : []]);
    }

    [Fact]
    public void What_stands_beside_the_fields_is_others_business()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteString("file", "a.onnx");
            DefinitionJson.WriteFields(json, Spectral);
            json.WriteEndObject();
        }

        using JsonDocument document = JsonDocument.Parse(stream.ToArray());
        Same(Spectral, DefinitionJson.Read(document.RootElement));
    }

    [Fact]
    public void A_spectrogram_without_a_transform_is_refused()
    {
        JsonObject json = JsonNode.Parse(DefinitionJson.ToText(Spectral))!.AsObject();
        json.Remove("transform");
        Assert.Contains("needs a transform", Assert.Throws<ModelException>(() => DefinitionJson.FromText(json.ToJsonString())).Message, StringComparison.Ordinal);
    }

    private static NetworkDefinition Spectral => new()
    {
        Stems = ["vocals"],
        SampleRate = 44_100,
        Channels = 2,
        Cut = new PieceCut
        {
            Samples = 88_200,
            Lengths = NetworkLengths.Only(88_200),
            StepNumerator = 1,
            StepDenominator = 2,
            Fill = PieceFill.Mirrored,
            Border = TrackBorder.Mirrored,
            Fade = PieceFade.Lines,
            Normalization = TrackNormalization.Population,
        },
        Transform = new TransformDefinition { Nfft = 2048, Hop = 441, Bins = 1025, Output = TransformOutput.WholeHops },
        Inputs = [new("mix", PortRole.Spectrogram)],
        Outputs = [new("stems", PortRole.Spectrogram)],
    };

    private static Gen<NetworkDefinition> Definitions() =>
        from stems in Gen.Elements<string[]>(["vocals"], ["drums", "bass"], ["a b", "\"quoted\"", "größer"])
        from rate in Gen.Choose(1000, 768_000)
        from channels in Gen.Choose(1, 64)
        from least in Gen.Choose(1, 1000)
        from step in Gen.Choose(1, 500)
        from steps in Gen.Choose(0, 50)
        from denominator in Gen.Choose(1, 8)
        from numerator in Gen.Choose(1, denominator)
        from words in Gen.Choose(0, 5).ListOf(12)
        from nfft in Gen.Elements(16, 2048, 5120, 6144, 7680)
        from quarters in Gen.Elements(true, false)
        from hop in quarters ? Gen.Constant(nfft / 4) : Gen.Choose(1, nfft)
        from bins in Gen.Choose(1, nfft / 2 + 1)
        from pad in Gen.Choose(0, nfft)
        from has in Gen.Choose(0, 3)
        select new NetworkDefinition
        {
            Stems = [.. stems],
            SampleRate = rate,
            Channels = channels,
            Cut = new PieceCut
            {
                Samples = least + step * steps / 2,
                Lengths = new NetworkLengths(least, step, least + step * steps),
                StepNumerator = numerator,
                StepDenominator = denominator,
                Window = Pick<PieceWindow>(words[0]),
                Fill = Pick<PieceFill>(words[1]),
                Border = Pick<TrackBorder>(words[2]),
                BorderSamples = Pick<TrackBorder>(words[2]) == TrackBorder.Zeros ? (least - 1) / 2 : 0,
                Fade = Pick<PieceFade>(words[3]),
                FadeDivisor = 2 + words[4],
                Normalization = Pick<TrackNormalization>(words[5]),
                MaxShift = words[6],
            },
            Transform = has == 0 ? null : new TransformDefinition
            {
                Nfft = nfft,
                Hop = hop,
                Bins = bins,
                Window = quarters ? TransformWindow.Hann : Pick<TransformWindow>(words[7]),
                Normalized = words[8] % 2 == 0,
                PadStart = pad,
                PadEnd = Pick<PaddingEnd>(words[9]),
                PadMode = Pick<PaddingMode>(words[10]),
                DroppedFrames = words[11],
                Envelope = quarters ? Pick<TransformEnvelope>(words[0]) : TransformEnvelope.Real,
                OutputStart = pad / 2,
                Output = Pick<TransformOutput>(words[1]),
            },
            Inputs = has < 2 ? [new("mix", PortRole.Waveform)] : [new("spectrum", PortRole.Spectrogram), new("mix", PortRole.Waveform)],
            Outputs = has is 0 or 2 ? [new("stems", PortRole.Waveform)] : [new("stems", PortRole.Spectrogram)],
        };

    private static T Pick<T>(int number)
        where T : struct, Enum => Enum.GetValues<T>()[number % Enum.GetValues<T>().Length];

    // Records of arrays are equal when the arrays are the same object: compared by what they hold.
    private static void Same(NetworkDefinition expected, NetworkDefinition found)
    {
        Assert.Equal(expected.Stems.AsEnumerable(), found.Stems);
        Assert.Equal(expected.Inputs.AsEnumerable(), found.Inputs);
        Assert.Equal(expected.Outputs.AsEnumerable(), found.Outputs);
        Assert.Equal(expected, found with { Stems = expected.Stems, Inputs = expected.Inputs, Outputs = expected.Outputs });
    }
}
