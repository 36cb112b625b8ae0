using Stemsharp.Inference;

namespace Stemsharp.Bench;

/// <summary>Noise as what a network hears.</summary>
internal static unsafe class NetworkNoise
{
    /// <summary>Fills every input of a session; a run ends their life.</summary>
    public static void Fill(INetworkSession session, NetworkDefinition definition, int samples, Random random)
    {
        foreach (NetworkPort port in definition.Inputs)
        {
            int length = definition.ShapeOf(port, samples).Aggregate(1, (n, d) => checked(n * d));
            foreach (ref float value in new Span<float>(session.Input(port.Role), length))
            {
                value = random.NextSingle() - 0.5f;
            }
        }
    }
}
