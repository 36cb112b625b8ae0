using System.Text.Json;
using Stemsharp.Graph;
using Stemsharp.Model.RoFormer;
using Xunit;

namespace Stemsharp.Tests.Model.RoFormer;

public class MelBandsTests
{
    [Fact]
    public void Bands_are_those_of_librosas_filters()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Golden("roformer", "mel_bands.json")));
        int compared = 0;
        foreach (JsonProperty bank in json.RootElement.EnumerateObject())
        {
            // "60 bands, n_fft 2048, 44100 Hz"
            int[] numbers = [.. bank.Name.Split(' ', ',').Where(word => word.All(char.IsAsciiDigit) && word.Length > 0).Select(int.Parse)];
            BandOp[] expected = [.. bank.Value.GetProperty("first_bin_and_count").EnumerateArray().Select(r => new BandOp(r[0].GetInt32(), r[1].GetInt32()))];
            Assert.Equal(expected, MelBands.Of(numbers[0], numbers[1], numbers[2]));
            compared++;
        }

        Assert.Equal(3, compared);
    }

    [Fact]
    public void Banks_with_empty_bands_are_refused() =>
        Assert.Contains("has no bins", Assert.Throws<ModelException>(() => MelBands.Of(300, 512, 44100)).Message, StringComparison.Ordinal);
}
