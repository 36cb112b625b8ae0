namespace Stemsharp.Tests.Separation;

/// <summary>
/// Separation around a network written down as its definition: whole arrays, double precision, one piece after the
/// other. What the streaming implementation is compared with.
/// </summary>
/// <param name="Stems">Stems that the network gives.</param>
/// <param name="SampleRate">In Hz.</param>
/// <param name="TrainingSamples">Samples of the network's segment.</param>
/// <param name="Network">From [channel][TrainingSamples] to [stem][channel][TrainingSamples].</param>
internal sealed record ReferenceSeparation(
    int Stems, int SampleRate, int TrainingSamples, Func<double[][], double[][][]> Network)
{
    public double Overlap { get; init; } = 0.25;

    public double Power { get; init; } = 1;

    public int? Segment { get; init; }

    public bool Split { get; init; } = true;

    public int[]? Offsets { get; init; }

    public bool Normalize { get; init; } = true;

    /// <summary>[stem][channel][sample] of a mix [channel][sample].</summary>
    public double[][][] Run(double[][] mix)
    {
        int length = mix[0].Length;
        double mean = 0, scale = 1;
        if (Normalize)
        {
            double[] mono = [.. Enumerable.Range(0, length).Select(i => (mix[0][i] + mix[1][i]) / 2)];
            mean = mono.Average();
            scale = length > 1 ? Math.Sqrt(mono.Sum(v => (v - mean) * (v - mean)) / (length - 1)) : 0;
            scale += 1e-8;
        }

        double[][] input = [.. mix.Select(channel => channel.Select(v => (v - mean) / scale).ToArray())];
        double[][][] sum = Offsets is null ? Chunks(input, 0, length) : Shifted(input);
        return [.. sum.Select(stem => stem.Select(channel => channel.Select(v => v * scale + mean).ToArray()).ToArray())];
    }

    private double[][][] Shifted(double[][] input)
    {
        int length = input[0].Length, maximum = SampleRate / 2;
        double[][] padded = [.. input.Select(channel => new double[maximum].Concat(channel).Concat(new double[maximum]).ToArray())];
        double[][][] result = Zeros(length);
        foreach (int offset in Offsets!)
        {
            double[][][] part = Chunks(padded, offset, length + maximum - offset);
            Each((s, c) =>
            {
                for (int i = 0; i < length; i++)
                {
                    result[s][c][i] += part[s][c][i + maximum - offset] / Offsets.Length;
                }
            });
        }

        return result;
    }

    private double[][][] Chunks(double[][] track, int from, int length)
    {
        int segment = Segment ?? TrainingSamples;
        if (!Split)
        {
            return Piece(track, from, length, segment);
        }

        int stride = (int)((1 - Overlap) * segment);
        double[] triangle = [.. Enumerable.Range(1, segment / 2), .. Enumerable.Range(1, segment - segment / 2).Reverse()];
        double top = triangle.Max();
        double[] weight = [.. triangle.Select(v => Math.Pow(v / top, Power))];
        double[][][] sum = Zeros(length);
        double[] total = new double[length];
        for (int start = 0; start < length; start += stride)
        {
            int count = Math.Min(segment, length - start);
            double[][][] piece = Piece(track, from + start, count, segment);
            for (int i = 0; i < count; i++)
            {
                total[start + i] += weight[i];
                Each((s, c) => sum[s][c][start + i] += weight[i] * piece[s][c][i]);
            }
        }

        Each((s, c) =>
        {
            for (int i = 0; i < length; i++)
            {
                sum[s][c][i] /= total[i];
            }
        });
        return sum;
    }

    private double[][][] Piece(double[][] track, int start, int count, int window)
    {
        int first = start - (window - count) / 2;
        double[][] input = [.. track.Select(channel =>
        {
            double[] result = new double[TrainingSamples];
            for (int i = 0; i < window; i++)
            {
                int at = first + i;
                result[i] = at >= 0 && at < channel.Length ? channel[at] : 0;
            }

            return result;
        })];
        return [.. Network(input).Select(stem => stem.Select(channel => channel.Skip((window - count) / 2).Take(count).ToArray()).ToArray())];
    }

    private double[][][] Zeros(int length) =>
        [.. Enumerable.Range(0, Stems).Select(_ => Enumerable.Range(0, 2).Select(_ => new double[length]).ToArray())];

    private void Each(Action<int, int> body)
    {
        for (int s = 0; s < Stems; s++)
        {
            body(s, 0);
            body(s, 1);
        }
    }
}
