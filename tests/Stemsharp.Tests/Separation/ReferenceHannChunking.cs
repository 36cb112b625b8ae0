namespace Stemsharp.Tests.Separation;

/// <summary>
/// How UVR cuts whole files for MDX-Net, written down as its definition: the trim's zeros before the file, zeros behind it up to a whole
/// number of generated stretches, chunks with a symmetric Hann window each, a shorter one over the last, short ones.
/// </summary>
/// <param name="Stems">Stems that the network gives.</param>
/// <param name="Chunk">Samples of a chunk.</param>
/// <param name="Trim">Zeros before the file.</param>
/// <param name="Step">From one chunk to the next.</param>
/// <param name="Network">From [channel][Chunk] to [stem][channel][Chunk].</param>
internal sealed record ReferenceHannChunking(int Stems, int Chunk, int Trim, int Step, Func<double[][], double[][][]> Network)
{
    /// <summary>[stem][channel][sample] of a mix [channel][sample].</summary>
    public double[][][] Run(double[][] mix)
    {
        int length = mix[0].Length, generated = Chunk - 2 * Trim, behind = generated + Trim - length % generated;
        double[][] track = [.. mix.Select(channel => (double[])[.. new double[Trim], .. channel, .. new double[behind]])];
        int total = track[0].Length;
        double[][][] sum = [.. Enumerable.Range(0, Stems).Select(_ => track.Select(_ => new double[total]).ToArray())];
        double[] weights = new double[total];
        for (int start = 0; start < total; start += Step)
        {
            int count = Math.Min(Chunk, total - start);
            double[] window = [.. Enumerable.Range(0, count).Select(j => Step == Chunk ? 1 : 0.5 - 0.5 * Math.Cos(2 * Math.PI * j / (count - 1)))];
            double[][][] made = Network([.. track.Select(channel => (double[])[.. channel[start..(start + count)], .. new double[Chunk - count]])]);
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

        return [.. sum.Select(stem => stem.Select(channel => channel.Select((v, i) => v / weights[i]).Skip(Trim).Take(length).ToArray()).ToArray())];
    }
}
