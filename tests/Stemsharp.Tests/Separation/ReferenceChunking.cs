namespace Stemsharp.Tests.Separation;

/// <summary>
/// How whole files are cut for RoFormers, MDX23C and SCNet, written down as its definition: whole arrays, double precision, chunk after
/// chunk, a numerator and a denominator that are divided at the end.
/// </summary>
/// <param name="Stems">Stems that the network gives.</param>
/// <param name="Chunk">Samples of a chunk.</param>
/// <param name="Overlaps">Chunks over each sample.</param>
/// <param name="Network">From [channel][Chunk] to [stem][channel][Chunk].</param>
internal sealed record ReferenceChunking(int Stems, int Chunk, int Overlaps, Func<double[][], double[][][]> Network)
{
    public bool Reflects { get; init; } = true;

    public bool MirrorsTheLast { get; init; } = true;

    public bool Normalize { get; init; }

    /// <summary>[stem][channel][sample] of a mix [channel][sample].</summary>
    public double[][][] Run(double[][] mix)
    {
        double mean = 0, deviation = 1;
        if (Normalize)
        {
            double[] mono = [.. mix[0].Zip(mix[1], (a, b) => (a + b) / 2)];
            mean = mono.Average();
            deviation = Math.Sqrt(mono.Average(v => (v - mean) * (v - mean)));
        }

        int step = Chunk / Overlaps, border = Chunk - step, fade = Chunk / 10, length = mix[0].Length;
        bool pad = Reflects && border > 0 && length > 2 * border;
        double[][] track = [.. mix.Select(channel => (double[])[.. channel.Select(v => (v - mean) / deviation)])];
        if (pad)
        {
            track = [.. track.Select(channel => (double[])[.. channel[1..(border + 1)].Reverse(), .. channel, .. channel[^(border + 1)..^1].Reverse()])];
        }

        int total = track[0].Length;
        double[][][] sum = [.. Enumerable.Range(0, Stems).Select(_ => track.Select(_ => new double[total]).ToArray())];
        double[] weights = new double[total];
        for (int start = 0; start < total; start += step)
        {
            double[] window = [.. Enumerable.Repeat(1.0, Chunk)];
            for (int j = 0; j < fade; j++)
            {
                window[Chunk - fade + j] = 1 - (double)j / (fade - 1);
                window[j] = (double)j / (fade - 1);
            }

            if (start == 0)
            {
                Array.Fill(window, 1, 0, fade);
            }
            else if (start + step >= total)
            {
                Array.Fill(window, 1, Chunk - fade, fade);
            }

            int count = Math.Min(Chunk, total - start);
            double[][][] made = Network([.. track.Select(channel => Extend(channel[start..(start + count)]))]);
            for (int i = 0; i < count; i++)
            {
                weights[start + i] += window[i];
                for (int s = 0; s < Stems; s++)
                {
                    for (int c = 0; c < track.Length; c++)
                    {
                        sum[s][c][start + i] += made[s][c][i] * window[i];
                    }
                }
            }
        }

        return [.. sum.Select(stem => stem.Select(channel => channel
            .Select((v, i) => (weights[i] == 0 ? 0 : v / weights[i]) * deviation + mean)
            .Skip(pad ? border : 0).Take(length).ToArray()).ToArray())];
    }

    private double[] Extend(double[] part)
    {
        double[] result = new double[Chunk];
        part.CopyTo(result, 0);
        if (MirrorsTheLast && part.Length > Chunk / 2)
        {
            for (int i = part.Length; i < Chunk; i++)
            {
                result[i] = part[2 * part.Length - 2 - i];
            }
        }

        return result;
    }
}
