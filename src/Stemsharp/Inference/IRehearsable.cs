namespace Stemsharp.Inference;

/// <summary>An engine whose code is compiled when it first runs, and which can see to that before.</summary>
internal interface IRehearsable
{
    /// <summary>Goes once through all that a piece of the length that was prepared goes through, at a small part of the cost. No piece may be leased.</summary>
    /// <param name="stems">The stems that will be wanted, by number.</param>
    void Rehearse(IReadOnlyList<int> stems);
}
