using Stemsharp.Files;
using Stemsharp.Separation;
using Xunit;

namespace Stemsharp.Tests.Separation;

/// <summary>Files as weighted sums of stems and mix, added up in their order.</summary>
public class MixdownTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Sums_are_those_of_single_samples(int channels)
    {
        string[] stems = ["drums", "bass", "rest"];
        Random random = new(channels);
        SeparatedBlock block = new(stems.Length, channels);
        foreach (float[] plane in block.Stems.Append(block.Mix).SelectMany(p => p))
        {
            foreach (ref float sample in plane.AsSpan(0, 300))
            {
                sample = random.Next(10) == 0 ? -0f : (float)(random.NextDouble() - 0.5);
            }
        }

        StemFileOptions pair = new() { TwoStems = "bass" };
        foreach (Mixdown mixdown in (Mixdown[])[.. pair.Mixdowns(stems), .. (pair with { OtherMethod = OtherMethod.Minus }).Mixdowns(stems), new Mixdown("all", [0.3f, 0, 0.7f], 0.1f)])
        {
            for (block.Length = 1; block.Length < 40; block.Length++)
            {
                float[] found = new float[block.Length * channels];
                mixdown.Mix(block, found);
                for (int i = 0; i < found.Length; i++)
                {
                    (int frame, int channel) = Math.DivRem(i, channels);
                    float sum = 0;
                    sum += mixdown.MixWeight * block.Mix[channel][frame];
                    for (int s = 0; s < stems.Length; s++)
                    {
                        sum += mixdown.Weights[s] * block.Stems[s][channel][frame];
                    }

                    Assert.Equal(BitConverter.SingleToInt32Bits(sum), BitConverter.SingleToInt32Bits(found[i]));
                }
            }
        }
    }
}
