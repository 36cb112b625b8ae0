namespace Stemsharp.Export.CoreML.Palettization;

/// <summary>
/// The best clusters when each costs a price: D[j] = price + min over i of D[i] + cost(i, j). A best start never
/// goes back as j grows, so that a queue of starts, each with the first end that it is best for, takes less than
/// n·log n costs. The least error for k clusters is convex in k; so where a price buys k clusters, no other k are better.
/// </summary>
internal sealed class PricedClusters
{
    private const int MostTries = 50;
    private readonly ClusterMoments _sums;
    private readonly int _n;
    private readonly double[] _least;
    private readonly int[] _start, _queue, _from;
    private double _price;

    private PricedClusters(ClusterMoments sums, int n)
    {
        (_sums, _n) = (sums, n);
        _least = new double[n + 1];
        (_start, _queue, _from) = (new int[n + 1], new int[n + 1], new int[n + 1]);
    }

    /// <summary>Where each of the best k clusters of n values begins; null where no price was found that buys k.</summary>
    public static int[]? Find(ClusterMoments sums, int n, int k)
    {
        PricedClusters clusters = new(sums, n);
        // Errors fall with the square of k, so prices with its cube.
        double low = 0, high = double.PositiveInfinity, price = sums.Cost(0, n) / ((double)k * k * k);
        for (int i = 0; i < MostTries && price > 0; i++)
        {
            int count = clusters.Run(price);
            if (count == k)
            {
                return clusters.Starts(k);
            }

            if (count > k)
            {
                low = price;
            }
            else
            {
                high = price;
            }

            double guess = price * Math.Pow((double)count / k, 3);
            price = guess > low && guess < high ? guess : double.IsInfinity(high) ? 2 * low : (low + high) / 2;
            if (price <= low || price >= high)
            {
                break;
            }
        }

        return null;
    }

    // The number of clusters that are best at a price.
    private int Run(double price)
    {
        _price = price;
        int head = 0, tail = 0;
        (_queue[0], _from[0]) = (0, 1);
        for (int j = 1; j <= _n; j++)
        {
            while (head < tail && _from[head + 1] <= j)
            {
                head++;
            }

            _start[j] = _queue[head];
            _least[j] = Value(_queue[head], j);
            // The new start takes over from the end where it is better than the last one in the queue.
            while (tail > head && Value(j, _from[tail]) <= Value(_queue[tail], _from[tail]))
            {
                tail--;
            }

            int from = TakeOver(_queue[tail], j, Math.Max(_from[tail], j + 1));
            if (from > _n)
            {
                continue;
            }

            tail++;
            (_queue[tail], _from[tail]) = (j, from);
        }

        int count = 0;
        for (int end = _n; end > 0; end = _start[end])
        {
            count++;
        }

        return count;
    }

    // The first end from `low` on where the later start is better; n + 1 if there is none.
    private int TakeOver(int earlier, int later, int low)
    {
        int high = _n + 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Value(later, middle) < Value(earlier, middle))
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private double Value(int start, int end) => _least[start] + _price + _sums.Cost(start, end);

    private int[] Starts(int k)
    {
        int[] starts = new int[k];
        for (int c = k - 1, end = _n; c >= 0; c--)
        {
            starts[c] = end = _start[end];
        }

        return starts;
    }
}
