using Stemsharp.Graph;

namespace Stemsharp.Export;

/// <summary>Where bands of a spectrum go that are joined: those that lie apart share a sheet, with zeros between them; the sheets are added up.</summary>
internal sealed class BandSheets
{
    private readonly int[] _holders;

    /// <param name="op">The bands.</param>
    /// <param name="rows">Rows of the spectrum.</param>
    public BandSheets(JoinBandsOp op, int rows)
    {
        _holders = new int[rows];
        Places = new (int, int)[op.Bands.Length];
        List<int> ends = [];
        for (int k = 0; k < op.Bands.Length; k++)
        {
            BandOp band = op.Bands[k];
            int sheet = ends.FindIndex(end => end <= band.Start);
            if (sheet < 0)
            {
                sheet = ends.Count;
                ends.Add(0);
            }

            Places[k] = (sheet, band.Start - ends[sheet]);
            ends[sheet] = band.Start + band.Length;
            for (int row = band.Start; row < ends[sheet]; row++)
            {
                _holders[row]++;
            }
        }

        Rests = [.. ends.Select(end => rows - end)];
    }

    /// <summary>For each band its sheet, and the rows of zeros in front of it there.</summary>
    public (int Sheet, int Gap)[] Places { get; }

    /// <summary>For each sheet the rows of zeros behind its last band.</summary>
    public int[] Rests { get; }

    /// <summary>What makes sums means: for each row one over the bands that hold it, as often as there are channels.</summary>
    /// <param name="channels">Channels of a row.</param>
    /// <param name="zeroFirst">Whether the first row is to be zero.</param>
    public double[] Shares(int channels, bool zeroFirst) =>
        [.. _holders.SelectMany((count, row) => Enumerable.Repeat(zeroFirst && row == 0 ? 0 : 1.0 / count, channels))];
}
